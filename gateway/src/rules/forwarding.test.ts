/** A study is promised, and a rule decides where it goes: from the manifest to the PACSs and the receipt. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Described, ForwardingRule } from '#shared/protocol/rule.ts';
import { createTakings } from '../pipeline/pacs/takings.ts';
import { addAccount, addDevice } from '../testing/add-account.ts';
import { audited } from '../testing/audited.ts';
import { addDestination } from '../testing/open-copies.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { openTestGround, openTestPipeline, type TestGround } from '../testing/open-pipeline.ts';
import { newStudy, receiptOf } from '../testing/open-study.ts';
import { toManifest } from '../testing/pack-parcel.ts';
import { replaceRules } from './rule.store.ts';

const test = suite('rules of forwarding');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

type Named = Readonly<Record<'first' | 'archive' | 'research', string>>;

/** A site with a primary destination, one that gets nothing by itself, and one that gets all studies also. */
async function openSite(rules: (ids: Named) => readonly ForwardingRule[]) {
  const places = new Map<string, ReturnType<typeof newPlace>>();
  const newPlace = () => ({ pacs: openTestPacs(), takings: createTakings() });
  const pipeline = await openTestPipeline({
    pacs: openTestPacs(),
    start: false,
    ground,
    tools: { pacsOf: async ({ destination_id: id }) => places.get(id ?? ids.first)! },
  });
  const ids: Named = {
    first: await addDestination(pipeline, 'first', null),
    archive: await addDestination(pipeline, 'archive', null, false),
    research: await addDestination(pipeline, 'research', 'also'),
  };
  for (const id of Object.values(ids)) places.set(id, newPlace());
  const { db } = pipeline.tools;
  const setRules = (all: readonly ForwardingRule[]) =>
    db
      .transaction()
      .execute((trx) =>
        replaceRules(trx, pipeline.siteId, { kind: 'forwarding', rules: all, by: pipeline.accountId }),
      );
  await setRules(rules(ids));
  /** Sends a study to its end: the destinations that have all of it, and those that its receipt names. */
  const send = async (described?: Described, instances = newStudy()) => {
    const manifest = { ...toManifest(instances), ...(described && { described }) };
    const { uploadId } = await pipeline.init(manifest);
    await pipeline.send(uploadId, instances, randomUUID());
    await pipeline.runAll();
    const { receipt } = await receiptOf(pipeline, uploadId);
    assert.ok(receipt.instances.every(({ state }) => state === 'stored'));
    const having = (Object.keys(ids) as (keyof Named)[]).filter((name) =>
      instances.every(({ identifiers }) => places.get(ids[name])!.pacs.held.has(identifiers.sopInstanceUID)),
    );
    return { having, named: (receipt.destinations ?? []).map(({ name, need }) => `${name} ${need}`) };
  };
  return { pipeline, ids, setRules, send };
}

const described = (modality: string, description: string): Described => ({
  modalities: [modality],
  bodyParts: ['CHEST'],
  descriptions: [description],
});
const rule = (name: string, when: ForwardingRule['when'], to: ForwardingRule['to']): ForwardingRule => ({
  ...{ name, enabled: true, when, to },
});

test('two rules send studies to where each says, and what none takes goes by each destination’s own need', async () => {
  const { pipeline, send } = await openSite(({ archive }) => [
    rule('films stay', { modality: ['CR', 'DX'] }, []),
    rule('chest CT', { modality: ['CT'], description: ['*thorax*'] }, [
      { destination: archive, need: 'required' },
    ]),
  ]);
  assert.equal(await send(described('DX', 'Thorax')), { having: ['first'], named: [] });
  assert.equal(await send(described('CT', 'CT Thorax nativ')), {
    having: ['first', 'archive'],
    named: ['archive required'],
  });
  const others = { having: ['first', 'research'], named: ['research also'] };
  assert.equal(await send(described('CT', 'Abdomen')), others);
  assert.equal(await send(), others, 'a device that says nothing');
  const all = await audited(pipeline.tools.db, 'upload-opened');
  const rows = all.slice(-4).map(({ fields }) => fields);
  assert.equal(
    rows.map((fields) => fields['rule'] ?? null),
    ['films stay', 'chest CT', null, null],
  );
  assert.not.match(JSON.stringify(rows), /nativ|Abdomen/);
  await pipeline.close();
});

test('a study stays with the destinations that it was promised to, whatever the rules say later', async () => {
  const { pipeline, ids, setRules, send } = await openSite(({ archive }) => [
    rule('all', {}, [{ destination: archive, need: 'also' }]),
  ]);
  const instances = newStudy(2);
  const archived = { having: ['first', 'archive'], named: ['archive also'] };
  assert.equal(await send(undefined, instances.slice(0, 1)), archived);
  await setRules([rule('all', {}, [{ destination: ids.research, need: 'required' }])]);
  assert.equal(await send(undefined, instances), archived);
  assert.equal(await send(), { having: ['first', 'research'], named: ['research required'] });
  await pipeline.close();
});

test('the account, the policy and the SOP Class count too, and a rule that is switched off does not', async () => {
  const { pipeline, ids, setRules, send } = await openSite(() => []);
  const accounts = pipeline.tools.db.selectFrom('account').select('username');
  const account = await accounts.where('id', '=', pipeline.accountId).executeTakeFirstOrThrow();
  const [{ identifiers } = { identifiers: { sopClassUID: '' } }] = newStudy(1);
  const sopClass = [identifiers.sopClassUID];
  const when = { account: [account.username], policy: ['identified'], sopClass };
  const archive = rule('own', when, [{ destination: ids.archive, need: 'required' }]);
  await setRules([{ ...archive, name: 'off', enabled: false, to: [] }, archive]);
  assert.equal((await send()).named, ['archive required']);
  for (const other of [{ account: ['somebody'] }, { policy: ['deidentified'] }, { device: ['*'] }]) {
    await setRules([{ ...archive, when: { ...when, ...other } }]);
    assert.equal((await send()).named, ['research also'], JSON.stringify(other));
  }
  await pipeline.close();
});

test('the device counts: its studies go where its rule says, and those of another one do not', async () => {
  const { pipeline, ids, setRules, send } = await openSite(() => []);
  const van = await addDevice(pipeline);
  const ward = await addDevice(pipeline);
  await setRules([rule('the van', { device: [van] }, [{ destination: ids.archive, need: 'required' }])]);
  for (const [device, having] of [
    [ward, ['first', 'research']],
    [van, ['first', 'archive']],
  ] as const) {
    pipeline.actAs(pipeline.accountId, ['technician'], device);
    assert.equal((await send()).having, having);
  }
  await pipeline.close();
});

test('instances under another policy go where the rules send that one, not after those of the same study', async () => {
  const { pipeline, send } = await openSite(({ archive, research }) => [
    rule('research', { policy: ['deidentified'] }, [{ destination: research, need: 'also' }]),
    rule('care', { policy: ['identified'] }, [{ destination: archive, need: 'required' }]),
  ]);
  const instances = newStudy(2);
  const promise = toManifest(instances.slice(0, 1), 'deidentified');
  const begun = await pipeline.init(promise);
  const own = { having: ['first', 'archive'], named: ['archive required'] };
  assert.equal(await send(undefined, instances.slice(1)), own);
  assert.is((await pipeline.init(promise)).uploadId, begun.uploadId, 'each continues its own');
  assert.equal(await send(undefined, instances.slice(1)), own);
  await pipeline.close();
});

test('an account that promises another’s study first decides nothing of where that goes', async () => {
  const { pipeline, send } = await openSite(({ archive, research }) => [
    rule('research', { modality: ['MR'] }, [{ destination: research, need: 'also' }]),
    rule('care', { modality: ['CT'] }, [{ destination: archive, need: 'required' }]),
  ]);
  const instances = newStudy();
  const { studyInstanceUID } = instances[0]!.identifiers;
  pipeline.actAs(await addAccount(pipeline), ['technician']);
  const claim = { ...toManifest(newStudy(1)), studyInstanceUID, described: described('MR', '') };
  await pipeline.init(claim);
  pipeline.actAs(pipeline.accountId, ['technician']);
  const own = { having: ['first', 'archive'], named: ['archive required'] };
  assert.equal(await send(described('CT', ''), instances), own);
  await pipeline.close();
});

test('an instance that another account brought to fewer destinations gets from the first to where it must be', async () => {
  const { pipeline, send } = await openSite(({ archive }) => [
    rule('care', { modality: ['CT'] }, [{ destination: archive, need: 'required' }]),
    rule('rest', {}, []),
  ]);
  const instances = newStudy();
  assert.equal(await send(undefined, instances), { having: ['first'], named: [] });
  pipeline.actAs(await addAccount(pipeline), ['radiologist']);
  const manifest = { ...toManifest(instances), described: described('CT', '') };
  const { need } = await pipeline.init(manifest);
  assert.equal(need, [], 'the first one has it');
  await pipeline.runAll();
  assert.equal((await pipeline.init(manifest)).need, [], 'the archive got it from the first one');
  assert.equal(await send(described('CT', ''), instances), {
    having: ['first', 'archive'],
    named: ['archive required'],
  });
  await pipeline.close();
});

test('the primary destination takes every study, though a rule names it as one to wait for no longer', async () => {
  const { pipeline, send } = await openSite(({ first }) => [
    rule('all', {}, [{ destination: first, need: 'also' }]),
  ]);
  assert.equal(await send(), { having: ['first'], named: [] });
  await pipeline.close();
});

test('gets the values that its destination wants, and the receipt names what was changed there', async () => {
  const coerce = { institution: 'St. Elsewhere' };
  const { pipeline } = await openSite(({ archive }) => [
    rule('archive', {}, [{ destination: archive, need: 'required', coerce }]),
  ]);
  const instances = newStudy(2);
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances, randomUUID());
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  const [there] = receipt.destinations ?? [];
  assert.equal([there?.name, there?.coerced], ['archive', ['institution']]);
  assert.ok(
    there?.instances?.every(
      ({ state, digest }, at) => state === 'stored' && digest !== receipt.instances[at]?.digest,
    ),
  );
  await pipeline.close();
});

test.run();
