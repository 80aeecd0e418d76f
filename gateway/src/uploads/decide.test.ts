/** Decisions that a person may make, and those that nobody may. */
import { decodeJwt } from 'jose';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Role } from '#shared/protocol/api.ts';
import type { Receipt } from '#shared/protocol/receipt.ts';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { sha256 } from '#testing/sha256.ts';
import { PacsUnreachable, SECRETS_UNREADABLE } from '../ports/pacs/pacs.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import {
  openTestGround,
  openTestPipeline,
  type TestGround,
  type TestPipeline,
} from '../testing/open-pipeline.ts';
import { toManifest } from '../testing/pack-parcel.ts';
import { passMinutes } from '../testing/pass-minutes.ts';
import { runParcel } from '../pipeline/pipeline.ts';

const test = suite('a decision');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

let seeds = 900;
function study(): readonly SyntheticInstance[] {
  seeds += 1;
  return syntheticStudy({ seed: seeds, instancesPerSeries: 2, rows: 8, columns: 8 }).instances;
}
const keysOf = (instances: readonly SyntheticInstance[]) =>
  instances.map(({ identifiers, bytes }) => ({
    sopInstanceUID: identifiers.sopInstanceUID,
    digest: sha256(bytes),
  }));
const statesOf = async (pipeline: TestPipeline, uploadId: string) =>
  (await pipeline.status(uploadId)).instances?.map(({ state, reason }) => `${state} ${reason ?? ''}`.trim());

const decidedIn = async ({ tools }: TestPipeline, uploadId: string) =>
  (await tools.db.selectFrom('audit').select('fields').where('event', '=', 'instances-decided').execute())
    .filter(({ fields }) => fields['uploadId'] === uploadId)
    .map(({ fields: { decision, instances, cancelled, arrived } }) => ({
      ...{ decision, instances, cancelled, arrived },
    }));

const handedOver = async ({ tools }: TestPipeline, [instance]: readonly SyntheticInstance[]) =>
  (await tools.db.selectFrom('audit').select('fields').where('event', '=', 'study-forwarded').execute())
    .filter(({ fields }) => fields['studyInstanceUID'] === instance!.identifiers.studyInstanceUID)
    .map(({ fields: { posted } }) => posted);

/** Another account of the same site. */
async function actAsAnother(pipeline: TestPipeline, roles: Role[]): Promise<void> {
  seeds += 1;
  const row = {
    site_id: pipeline.siteId,
    username: `other-${seeds}`,
    roles,
    password_hash: '',
    disabled_at: null,
  };
  const { id } = await pipeline.tools.db
    .insertInto('account')
    .values(row)
    .returning('id')
    .executeTakeFirstOrThrow();
  pipeline.actAs(id, roles);
}

for (const road of [['retry'], ['leave-out', 'retry']] as const) {
  test(`never sends an instance to the PACS that still names a patient (${road.join(', then ')})`, async () => {
    const pacs = openTestPacs();
    const pipeline = await openTestPipeline({ pacs, ground, start: false });
    const instances = study();
    // Said to be de-identified, and sent as it was.
    const manifest = toManifest(instances, 'deidentified');
    const { uploadId } = await pipeline.init(manifest);
    await pipeline.send(uploadId, instances);
    await pipeline.runAll();
    const held = ['quarantined identity-remains', 'quarantined identity-remains'];
    assert.equal(await statesOf(pipeline, uploadId), held);
    for (const decision of road) {
      await pipeline.json('POST', `/upload/${uploadId}/decisions`, {
        decision,
        instances: keysOf(instances),
      });
      await pipeline.runAll();
    }
    assert.equal(await statesOf(pipeline, uploadId), ['promised', 'promised'], 'it is asked for again');
    await pipeline.send(uploadId, instances);
    await pipeline.runAll();
    assert.equal(await statesOf(pipeline, uploadId), held, 'and looked at again');
    assert.is((await pacs.findStudy(manifest.studyInstanceUID, new AbortController().signal)).size, 0);
    await pipeline.close();
  });
}

test('covers only the caller’s own upload: joining a study decides nothing for the others', async () => {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), ground, start: false });
  const instances = study();
  const [first, second] = instances as [SyntheticInstance, SyntheticInstance];
  const { uploadId } = await pipeline.init(toManifest([first]));
  await actAsAnother(pipeline, ['technician']);
  const joined = await pipeline.init(toManifest([second]));
  await pipeline.json('POST', `/upload/${joined.uploadId}/decisions`, {
    decision: 'leave-out',
    instances: keysOf(instances),
  });
  assert.equal(await statesOf(pipeline, joined.uploadId), ['left-out left-out']);
  pipeline.actAs(pipeline.accountId, ['technician']);
  assert.equal(await statesOf(pipeline, uploadId), ['promised']);
  await pipeline.close();
});

test('to cancel halfway leaves out the arrived instances too: nothing goes to the PACS, the receipt lists them, and the study closes', async () => {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, ground, start: false });
  const instances = study();
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances.slice(0, 1));
  for (const { id } of await pipeline.tools.db
    .selectFrom('parcel')
    .select('id')
    .where('upload_id', '=', uploadId)
    .execute())
    await runParcel(id, pipeline.tools, new AbortController().signal);
  assert.equal(await statesOf(pipeline, uploadId), ['received', 'promised']);
  await pipeline.json('POST', `/upload/${uploadId}/decisions`, {
    decision: 'leave-out',
    instances: keysOf(instances),
  });
  await pipeline.runAll();
  assert.equal(
    [(await pipeline.status(uploadId)).state, await statesOf(pipeline, uploadId)],
    ['closed', ['left-out left-out', 'left-out left-out']],
  );
  assert.equal([pacs.held.size, await pipeline.tools.blobs.ids()], [0, []]);
  assert.equal(
    await handedOver(pipeline, instances),
    [],
    'the audit trail does not say that it was handed over',
  );
  const receipt = decodeJwt(
    await (await pipeline.request('GET', `/upload/${uploadId}/receipt`)).text(),
  ) as unknown as Receipt;
  assert.equal(
    receipt.instances.map(({ state }) => state),
    ['left-out', 'left-out'],
  );
  assert.is((await pipeline.status(uploadId)).cancelled, true);
  await pipeline.json('POST', `/upload/${uploadId}/decisions`, {
    decision: 'retry',
    instances: keysOf(instances),
  });
  assert.is((await pipeline.status(uploadId)).cancelled, undefined, 'it travels again');
  assert.equal(await decidedIn(pipeline, uploadId), [
    { decision: 'leave-out', instances: 2, cancelled: true, arrived: 1 },
    { decision: 'retry', instances: 2, cancelled: undefined, arrived: undefined },
  ]);
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  assert.equal(
    [(await pipeline.status(uploadId)).state, pacs.held.size],
    ['closed', 2],
    'and may be sent after all',
  );
  assert.equal(await handedOver(pipeline, instances), [2]);
  await pipeline.close();
});

test('leaves instances on their way to the PACS, or possibly in it, where they are', async () => {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, ground, start: false });
  const instances = study();
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  const states = await statesOf(pipeline, uploadId);
  await pipeline.json('POST', `/upload/${uploadId}/decisions`, {
    decision: 'leave-out',
    instances: keysOf(instances),
  });
  assert.equal(await statesOf(pipeline, uploadId), states);
  const wereTried = { state: 'received' as const, posted_at: new Date() };
  await pipeline.tools.db
    .updateTable('instance')
    .set(wereTried)
    .where('site_id', '=', pipeline.siteId)
    .execute();
  await pipeline.tools.db
    .updateTable('study')
    .set({ state: 'receiving' })
    .where('site_id', '=', pipeline.siteId)
    .execute();
  await pipeline.json('POST', `/upload/${uploadId}/decisions`, {
    decision: 'leave-out',
    instances: keysOf(instances),
  });
  assert.equal(
    await statesOf(pipeline, uploadId),
    ['received', 'received'],
    'an answer was lost: the PACS may have it',
  );
  await pipeline.close();
});

test('about an instance that had come to a stop cancels nothing', async () => {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), ground, start: false });
  const named = study();
  const { uploadId } = await pipeline.init(toManifest(named, 'deidentified'));
  await pipeline.send(uploadId, named);
  await pipeline.runAll();
  const decision = { decision: 'leave-out', instances: keysOf(named) };
  await pipeline.json('POST', `/upload/${uploadId}/decisions`, decision);
  const { cancelled, counts } = await pipeline.status(uploadId);
  assert.equal([cancelled, counts.leftOut], [undefined, 2]);
  await pipeline.close();
});

test('covers what no PACS was offered, also where the secrets of its destination cannot be read', async () => {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), ground, start: false });
  const instances = study();
  const { uploadId } = await pipeline.init(toManifest(instances));
  const pacsOf = () => Promise.reject(new PacsUnreachable('sealed', null, SECRETS_UNREADABLE));
  Object.assign(pipeline.tools, { pacsOf });
  const decision = { decision: 'leave-out', instances: keysOf(instances) };
  await pipeline.json('POST', `/upload/${uploadId}/decisions`, decision);
  assert.equal(await statesOf(pipeline, uploadId), ['left-out left-out', 'left-out left-out']);
  await pipeline.close();
});

test('on another’s upload is an administrator’s: an auditor only looks', async () => {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), ground, start: false });
  const instances = study();
  const { uploadId } = await pipeline.init(toManifest(instances));
  const decision = JSON.stringify({ decision: 'leave-out', instances: keysOf(instances) });
  const decide = () =>
    pipeline.request('POST', `/upload/${uploadId}/decisions`, decision, {
      'content-type': 'application/json',
    });
  await actAsAnother(pipeline, ['technician', 'auditor']);
  assert.equal(
    [(await decide()).status, await statesOf(pipeline, uploadId)],
    [404, ['promised', 'promised']],
  );
  await actAsAnother(pipeline, ['admin']);
  assert.equal(
    [(await decide()).status, await statesOf(pipeline, uploadId)],
    [200, ['left-out left-out', 'left-out left-out']],
  );
  await pipeline.close();
});
type Named = { readonly sopInstanceUID: string; readonly digest: string };

test('covers an instance that waits for the PACS: left out, tried again at once, or refused by name', async () => {
  const pacs = openTestPacs();
  let now = new Date('2026-01-01T00:00:00Z');
  const pipeline = await openTestPipeline({ pacs, ground, start: false, now: () => now });
  Object.assign(pipeline.tools, { patience: { lagMinutes: 0, pauses: [60] } });
  const instances = study();
  const [poison, other] = keysOf(instances) as unknown as readonly [Named, Named];
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  pacs.failsOn.set(poison.sopInstanceUID, 'unanswered');
  await pipeline.runAll();
  assert.equal(await statesOf(pipeline, uploadId), ['received', 'stored'], 'the other one waits for nothing');
  const decided = async (decision: string, of: unknown) => {
    const answer = await pipeline.json<{ code?: string }>('POST', `/upload/${uploadId}/decisions`, {
      decision,
      instances: [of],
    });
    return answer.code ?? 'done';
  };
  assert.is(await decided('leave-out', other), 'decision-not-possible');
  pacs.lie = 'deaf-to-searches';
  assert.is(await decided('leave-out', poison), 'pacs-unreachable');
  pacs.lie = 'honest';
  const offered = () => pacs.posted.get(poison.sopInstanceUID);
  const before = offered();
  await pipeline.runAll();
  assert.is(offered(), before, 'not before its pause is over');
  assert.is(await decided('retry', poison), 'done');
  await pipeline.runAll();
  assert.ok(offered()! > before!, 'but after a retry');
  assert.is(await decided('leave-out', poison), 'done');
  now = new Date(now.getTime() + 1000);
  await pipeline.runAll();
  assert.equal(await statesOf(pipeline, uploadId), ['left-out left-out', 'stored']);
  assert.is((await pipeline.status(uploadId)).state, 'closed');
  await pipeline.close();
});

test('to leave out what the PACS was offered waits until the PACS had time to show it, and says how long', async () => {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, ground, start: false });
  Object.assign(pipeline.tools, { patience: { lagMinutes: 10, pauses: [60] } });
  const instances = study();
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances);
  // The PACS stores both, its answer is lost, and its search shows them later.
  pacs.lie = 'cut';
  pacs.slowToShow = Infinity;
  await pipeline.runAll();
  pacs.lie = 'honest';
  const leaveOut = async () =>
    pipeline.json<{ code?: string; detail?: string }>('POST', `/upload/${uploadId}/decisions`, {
      decision: 'leave-out',
      instances: keysOf(instances),
    });
  const early = await leaveOut();
  assert.is(early.code, 'decision-not-possible');
  assert.match(early.detail ?? '', /may have stored them\. Leave them out in 11 min/);
  assert.equal(await statesOf(pipeline, uploadId), ['received', 'received']);
  await passMinutes(pipeline.tools.db, 11);
  pacs.slowToShow = 0;
  assert.match((await leaveOut()).detail ?? '', /^The PACS has these/);
  pacs.held.clear();
  assert.is((await leaveOut()).code, undefined);
  assert.equal(await statesOf(pipeline, uploadId), ['left-out left-out', 'left-out left-out']);
  await pipeline.close();
});

test.run();
