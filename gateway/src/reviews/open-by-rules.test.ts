/** Rules open cases: once for a study, when what they wait for has happened, and the dry run says why. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case, CaseList } from '#shared/protocol/cases.ts';
import { dryRunSchema, type CaseRule } from '#shared/protocol/rule.ts';
import { until } from '#testing/gateway-under-test.ts';
import { PacsUnreachable } from '../ports/pacs/pacs.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { insertTestResult } from '../testing/insert-result.ts';
import { audited } from '../testing/audited.ts';
import {
  caseSealIn,
  deliverStudy,
  jsonOf,
  openPacsGateway,
  type PacsGateway,
} from '../testing/open-cases.ts';
import { openByRules } from './open-by-rules.ts';

const test = suite('cases by rule');
let gateway: PacsGateway;
let token: string;
test.before(async () => {
  gateway = await openPacsGateway();
  token = (await gateway.userWith(['admin', 'technician'])).accessToken;
});
test.after(() => gateway.close());

const PATH = '/admin/rules/cases';
const rule = (name: string, more: Partial<CaseRule> = {}): CaseRule => ({
  ...{ name, enabled: true, when: {}, occasion: 'delivered' as const, title: `By ${name}` },
  ...{ casePriority: 'high' as const, tags: ['by rule'], review: null },
  ...more,
});
const setRules = async (...rules: readonly CaseRule[]): Promise<number> =>
  (await gateway.call('PUT', PATH, { token, body: { rules } })).status;

/** Opens cases, as after a receipt, or after a model has looked. */
async function run(studyInstanceUID: string, pacs = gateway.pacs): Promise<void> {
  const { db } = gateway.database;
  const { id: siteId } = await db.selectFrom('site').select('id').executeTakeFirstOrThrow();
  const seal = caseSealIn(gateway.folder);
  const jobs = { enqueue: () => Promise.reject(new Error('opening a case enqueues nothing')) };
  const tools = { db, jobs, seal, pacs, now: gateway.now, newId: () => crypto.randomUUID() };
  await openByRules(tools, { siteId, studyInstanceUID }, new AbortController().signal);
}

async function casesOf(study: string): Promise<Case[]> {
  const { cases } = await jsonOf<CaseList>(gateway, `GET /cases?q=${study}&sort=oldest`, { token });
  return Promise.all(cases.map(({ id }) => jsonOf<Case>(gateway, `GET /cases/${id}`, { token })));
}

const titles = async (study: string): Promise<(string | null)[]> =>
  (await casesOf(study)).map(({ title }) => title);

async function tried(studyInstanceUID: string) {
  const answer = await gateway.call('POST', `${PATH}/dry-run`, { token, body: { studyInstanceUID } });
  const { verdicts, cases } = dryRunSchema.parse(await answer.json());
  return { cases, because: verdicts.map(({ because }) => because?.kind ?? null) };
}

test('are opened once a study is delivered, as the rule says, with a review', async () => {
  assert.is(await setRules(rule('all', { review: 'chest-film' }), rule('off', { enabled: false })), 200);
  const study = await deliverStudy(gateway, { token, seed: 941 });
  const [opened] = await until('the case of the rule', async () => {
    const cases = await casesOf(study);
    return cases.length > 0 && cases;
  });
  assert.equal(
    [opened!.title, opened!.priority, opened!.tags, opened!.assignee],
    ['By all', 'high', ['by rule'], null],
  );
  await run(study);
  await run(study);
  assert.equal(await titles(study), ['By all'], 'once');
  const { reviews } = await jsonOf<{ reviews: { type: string }[] }>(
    gateway,
    `GET /cases/${opened!.id}/reviews`,
    { token },
  );
  assert.equal(fieldsOf(reviews, 'type'), ['chest-film']);
  const rows = await audited(gateway.database.db, 'case-opened');
  assert.equal(
    rows.map(({ fields }) => fields['rule']),
    ['all'],
  );
  const gone = await gateway.call('DELETE', `/cases/${opened!.id}?version=${opened!.version}`, { token });
  assert.is(gone.status, 204);
  await run(study);
  assert.equal(await titles(study), [], 'a case that a person deleted is not opened again');
});

test('wait for the finding and the disagreement that they are about', async () => {
  await setRules(rule('found', { occasion: 'finding' }), rule('differs', { occasion: 'disagreement' }));
  const study = await deliverStudy(gateway, { token, seed: 942 });
  await run(study);
  assert.equal(await titles(study), []);
  assert.equal(await tried(study), { cases: [], because: ['not-examined', 'not-examined'] });
  const { db } = gateway.database;
  await insertTestResult(db, { study, positive: false });
  await run(study);
  assert.equal(await titles(study), [], 'a model that finds nothing opens none');
  assert.equal(await tried(study), { cases: [], because: ['occasion', 'occasion'] });
  const id = await insertTestResult(db, { study, positive: true });
  assert.equal(await tried(study), { cases: ['By found'], because: [null, 'occasion'] });
  await run(study);
  assert.equal(await titles(study), ['By found']);
  const disagreement = JSON.stringify({ device: 0.1, gateway: 0.9, difference: 0.8 });
  await db.updateTable('inference_result').set({ disagreement }).where('id', '=', id).execute();
  await run(study);
  assert.equal(await titles(study), ['By found', 'By differs']);
  assert.equal(await tried(study), { cases: [], because: ['done', 'done'] });
});

test('ask for what the study is: by the sender, the policy, and what the PACS says', async () => {
  await setRules(
    rule('thorax', { when: { description: ['*thorax*'], policy: ['identified'] } }),
    rule('others', { when: { account: ['nobody'] } }),
  );
  const study = await deliverStudy(gateway, { token, seed: 943, description: 'CT Thorax' });
  const silent = { ...gateway.pacs, searchStudies: () => Promise.reject(new PacsUnreachable('away', null)) };
  const other = await deliverStudy(gateway, { token, seed: 944, description: 'Knee' });
  await until('the case of the rule', async () => (await titles(study)).length > 0);
  await run(other);
  assert.equal([await titles(study), await titles(other)], [['By thorax'], []]);
  await run(other, silent).then(
    () => assert.unreachable('a PACS that is away is asked again'),
    (error: unknown) => assert.instance(error, PacsUnreachable),
  );
});

test('name what is there, and nothing that cannot be judged', async () => {
  assert.is(await setRules(rule('a', { review: 'no-such-type' })), 422);
  assert.is(await setRules(rule('a', { when: { bodyPart: ['CHEST'] } })), 422);
  assert.is(await setRules(rule('a', { title: ' ' })), 422);
  assert.is(await setRules(), 200);
});

test('a rule that tells of a finding opens no review that hides it', async () => {
  for (const occasion of ['finding', 'disagreement'] as const) {
    const blind = { rules: [rule('blind', { occasion, review: 'chest-film-double' })] };
    const { title, detail } = await jsonOf<{ title: string; detail: string }>(gateway, `PUT ${PATH}`, {
      ...{ token, body: blind, status: 422 },
    });
    assert.match(`${title} ${detail}`, /cannot open a review that hides it/);
    assert.is(await setRules(rule('open', { occasion, review: 'chest-film' })), 200);
  }
  assert.is(await setRules(rule('blind', { occasion: 'delivered', review: 'chest-film-double' })), 200);
  assert.is(await setRules(), 200);
});

test('are opened for a study that the PACS lists under several patients, as nobody’s', async () => {
  await setRules();
  const study = await deliverStudy(gateway, { token, seed: 959, patientId: 'PID-59' });
  gateway.pacs.studies.unshift({ ...gateway.pacs.studies.at(-1)!, patientId: 'PID-60' });
  await setRules(rule('mixed'));
  await run(study);
  assert.equal(fieldsOf(await casesOf(study), 'title', 'pseudonym'), [['By mixed', null]]);
});

test.run();
