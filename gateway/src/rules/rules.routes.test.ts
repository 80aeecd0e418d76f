/** `/admin/rules`, at a whole gateway: administrators set rules, and try them before a study comes. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  dryRunSchema,
  RULES_LIMIT,
  VALUES_LIMIT,
  type DryRun,
  type Rule,
  type Rules,
} from '#shared/protocol/rule.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { askOf, sendStudy } from '../testing/open-film.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { audited } from '../testing/audited.ts';
import { makeDestination } from '../testing/open-cases.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { testFilm } from '../testing/open-subject.ts';

const test = suite('rules');
let gateway: TestGateway;
let token = '';
let archive = '';
test.before(async () => {
  gateway = await openTestGateway({ pacs: openTestPacs() });
  token = (await gateway.signIn()).accessToken;
  archive = (
    await makeDestination(gateway, { token }, { name: 'archive', url: 'http://127.0.0.1:9/archive' })
  ).id;
});
test.after(() => gateway.close());

async function call<T>(method: string, path: string, body?: unknown): Promise<[number, T]> {
  const answer = await gateway.call(method, path, { token, body });
  const text = await answer.text();
  return [answer.status, (text === '' ? null : JSON.parse(text)) as T];
}
const codeOf = async (answer: Promise<[number, unknown]>): Promise<unknown> => {
  const [status, body] = await answer;
  return status < 400 ? status : (body as { code: string }).code;
};
const rules = (all: readonly object[], version?: string) => ({
  rules: all,
  ...(version !== undefined && { version }),
});
const FORWARDING = '/admin/rules/forwarding';
const INFERENCE = '/admin/rules/inference';
const toArchive = (name: string, when: object = {}) => ({
  ...{ name, enabled: true, when },
  to: [{ destination: archive, need: 'required' }],
});
const dryRun = async (path: string, body: object): Promise<DryRun> => {
  const [status, answer] = await call<unknown>('POST', `${path}/dry-run`, body);
  assert.is(status, 200, JSON.stringify(answer));
  return dryRunSchema.parse(answer);
};

test('are set as a list, read back in its order, and recorded', async () => {
  const wanted = [toArchive('b', { modality: ['CT'] }), toArchive('a')];
  const [status, set] = await call<Rules>('PUT', FORWARDING, rules(wanted));
  assert.is(status, 200, JSON.stringify(set));
  assert.equal((await call<Rules>('GET', FORWARDING))[1], set);
  assert.equal(set.rules, wanted as Rule[]);
  const rows = await audited(gateway.database.db, 'rules-changed');
  const { kind, rules: count, enabled, version, changed } = rows.at(-1)!.fields;
  assert.equal([kind, count, enabled, version], ['forwarding', 2, 2, set.version]);
  assert.equal(
    changed,
    set.rules.map(({ name }) => name),
  );
});

test('of somebody who did not see the last change replace nothing', async () => {
  const [, before] = await call<Rules>('PUT', FORWARDING, rules([toArchive('one')]));
  const [, after] = await call<Rules>('PUT', FORWARDING, rules([toArchive('two')], before.version));
  assert.is(await codeOf(call('PUT', FORWARDING, rules([], before.version))), 'rules-changed');
  assert.equal((await call<Rules>('GET', FORWARDING))[1], after);
});

test('have limits, and are of one kind', async () => {
  const many = (count: number) => Array.from({ length: count }, (_, n) => toArchive(`${n}`));
  const values = (count: number, length: number) => ({
    modality: Array<string>(count).fill('x'.repeat(length)),
  });
  const taken = [many(RULES_LIMIT), [toArchive('x'.repeat(64), values(VALUES_LIMIT, 64))]];
  for (const all of taken) assert.is(await codeOf(call('PUT', FORWARDING, rules(all))), 200);
  const model = { name: 'films', enabled: true, when: {}, models: ['pneumonia'] };
  const { to } = toArchive('twice');
  const refused: object[][] = [
    many(RULES_LIMIT + 1),
    [toArchive('x'.repeat(65))],
    [toArchive('')],
    [toArchive('bell\u0007')],
    [toArchive('same'), toArchive('same')],
    [toArchive('long', values(1, 65))],
    [toArchive('many', values(VALUES_LIMIT + 1, 1))],
    [toArchive('none', values(0, 1))],
    [toArchive('other', { patientName: ['DOE'] })],
    [{ ...toArchive('twice'), to: [...to, ...to] }],
    [{ ...toArchive('gone'), to: [{ destination: '00000000-0000-4000-8000-000000000000', need: 'also' }] }],
    [model],
  ];
  for (const all of refused)
    assert.is(
      await codeOf(call('PUT', FORWARDING, rules(all))),
      'invalid-request',
      JSON.stringify(all[0]).slice(0, 200),
    );
  assert.is(await codeOf(call('PUT', INFERENCE, rules([toArchive('one')]))), 'invalid-request');
  assert.is(
    await codeOf(call('PUT', INFERENCE, rules([{ ...model, models: ['nobodys'] }]))),
    'model-not-found',
  );
  assert.is(await codeOf(call('PUT', '/admin/rules/others', rules([]))), 'invalid-request');
});

test('keep the destination that one of them names, also where it is switched off', async () => {
  const { id } = await makeDestination(gateway, { token }, { name: 'kept', url: 'http://127.0.0.1:9/kept' });
  const to = [{ destination: id, need: 'also' }];
  await call('PUT', FORWARDING, rules([{ ...toArchive('off'), enabled: false, to }]));
  assert.is(await codeOf(call('DELETE', `/admin/destinations/${id}`)), 'destination-in-rule');
  await call('PUT', FORWARDING, rules([]));
  assert.is(await codeOf(call('DELETE', `/admin/destinations/${id}`)), 204);
});

test('are tried with attributes: which takes a study, why the others do not, and where it goes', async () => {
  await call(
    'PUT',
    FORWARDING,
    rules([
      toArchive('MR', { modality: ['MR'] }),
      { ...toArchive('off'), enabled: false },
      toArchive('CT', { modality: ['CT'], bodyPart: ['CHEST', 'ABD*'] }),
      toArchive('all'),
    ]),
  );
  const said = await dryRun(FORWARDING, { attributes: { modality: ['CT'], bodyPart: ['abdomen'] } });
  const because = (condition: string, has: string[], wants: string[]) => ({
    ...{ kind: 'condition', condition, has, wants },
  });
  assert.equal(said.verdicts, [
    { name: 'MR', takes: false, because: because('modality', ['CT'], ['MR']) },
    { name: 'off', takes: false, because: { kind: 'disabled', isMet: true } },
    { name: 'CT', takes: true, because: null },
    { name: 'all', takes: false, because: { kind: 'earlier', rule: 'CT' } },
  ]);
  assert.equal(said.models, null);
  assert.is(said.forwarding?.byRule, true);
  assert.equal(said.forwarding?.destinations.at(-1), { name: 'archive', need: 'required' });
  const none = (await call('PUT', FORWARDING, rules([])))[0];
  assert.is(none, 200);
  const own = (await dryRun(FORWARDING, {})).forwarding;
  assert.equal([own?.byRule, own?.destinations.some(({ name }) => name === 'archive')], [false, false]);
});

test('are tried with a study that was sent, and values that are given count more', async () => {
  const film = testFilm({ seed: 901 });
  const { studyInstanceUID, sopClassUID } = film.identifiers;
  const { accessToken, user } = await gateway.userWith(['technician']);
  await sendStudy(askOf(gateway), accessToken, [film]);
  const { attributes } = await dryRun(FORWARDING, { studyInstanceUID });
  assert.equal([attributes.policy, attributes.sopClass], [['identified'], [sopClassUID]]);
  assert.equal([attributes.account, attributes.description], [[user.username], []]);
  const given = await dryRun(FORWARDING, { studyInstanceUID, attributes: { policy: ['research'] } });
  assert.equal([given.attributes.policy, given.attributes.account], [['research'], [user.username]]);
  assert.is(
    await codeOf(call('POST', `${FORWARDING}/dry-run`, { studyInstanceUID: '1.2.3' })),
    'study-not-found',
  );
});

test('of inference are tried too: every one that fits starts its models; without modalities it means films', async () => {
  const rule = (name: string, when: object, models: string[]) => ({ name, enabled: true, when, models });
  const set = [
    rule('films', {}, ['pneumonia', 'image-kind']),
    rule('chest', { bodyPart: ['CHEST'] }, ['image-kind']),
    rule('CT', { modality: ['CT'] }, ['lung-fields']),
  ];
  assert.is(await codeOf(call('PUT', INFERENCE, rules(set))), 200);
  const { verdicts, models, forwarding } = await dryRun(INFERENCE, {
    attributes: { modality: ['DX'], bodyPart: ['CHEST'] },
  });
  assert.equal(fieldsOf(verdicts, 'takes'), [true, true, false]);
  assert.equal([models, forwarding], [['pneumonia', 'image-kind'], null]);
  const [film] = (await dryRun(INFERENCE, { attributes: { modality: ['CT'] } })).verdicts;
  assert.equal(film?.because, {
    kind: 'condition',
    ...{ condition: 'modality', has: ['CT'], wants: ['CR', 'DX'] },
  });
  await call('PUT', INFERENCE, rules([]));
});

test.run();
