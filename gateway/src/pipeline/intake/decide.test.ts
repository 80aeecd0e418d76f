/** What a person may decide, and what nobody may. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Role } from '#shared/protocol/api.ts';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { openTestPacs } from '../../ports/pacs/open-test-pacs.ts';
import { digestOf, openTestGround, openTestPipeline, toManifest, type TestGround, type TestPipeline } from '../open-test-pipeline.ts';

const test = suite('a decision');
let ground: TestGround;
test.before(async () => void (ground = await openTestGround()));
test.after(() => ground.close());

let seeds = 900;
const study = (): readonly SyntheticInstance[] => syntheticStudy({ seed: (seeds += 1), instancesPerSeries: 2, rows: 8, columns: 8 }).instances;
const keysOf = (instances: readonly SyntheticInstance[]) => instances.map(({ identifiers, bytes }) => ({ sopInstanceUID: identifiers.sopInstanceUID, digest: digestOf(bytes) }));
const statesOf = async (pipeline: TestPipeline, uploadId: string) => (await pipeline.status(uploadId)).instances?.map(({ state, reason }) => `${state} ${reason ?? ''}`.trim());

/** Another account of the same site. */
async function actAsAnother(pipeline: TestPipeline, roles: Role[]): Promise<void> {
  const row = { site_id: pipeline.siteId, username: `other-${(seeds += 1)}`, roles, password_hash: '', disabled_at: null };
  const { id } = await pipeline.tools.db.insertInto('account').values(row).returning('id').executeTakeFirstOrThrow();
  pipeline.actAs(id, roles);
}

for (const road of [['retry'], ['leave-out', 'retry']] as const) {
  test(`never sends to the PACS what still names a patient (${road.join(', then ')})`, async () => {
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
      await pipeline.json('POST', `/upload/${uploadId}/decisions`, { decision, instances: keysOf(instances) });
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

test('is about what one sent oneself: who joins a study decides nothing for the others', async () => {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), ground, start: false });
  const instances = study();
  const [first, second] = instances as [SyntheticInstance, SyntheticInstance];
  const { uploadId } = await pipeline.init(toManifest([first]));
  await actAsAnother(pipeline, ['technician']);
  const joined = await pipeline.init(toManifest([second]));
  await pipeline.json('POST', `/upload/${joined.uploadId}/decisions`, { decision: 'leave-out', instances: keysOf(instances) });
  assert.equal(await statesOf(pipeline, joined.uploadId), ['left-out left-out']);
  pipeline.actAs(pipeline.accountId, ['technician']);
  assert.equal(await statesOf(pipeline, uploadId), ['promised']);
  await pipeline.close();
});

test('on another’s upload is an administrator’s: an auditor only looks', async () => {
  const pipeline = await openTestPipeline({ pacs: openTestPacs(), ground, start: false });
  const instances = study();
  const { uploadId } = await pipeline.init(toManifest(instances));
  const decision = JSON.stringify({ decision: 'leave-out', instances: keysOf(instances) });
  const decide = () => pipeline.request('POST', `/upload/${uploadId}/decisions`, decision, { 'content-type': 'application/json' });
  await actAsAnother(pipeline, ['technician', 'auditor']);
  assert.equal([(await decide()).status, await statesOf(pipeline, uploadId)], [404, ['promised', 'promised']]);
  await actAsAnother(pipeline, ['admin']);
  assert.equal([(await decide()).status, await statesOf(pipeline, uploadId)], [200, ['left-out left-out', 'left-out left-out']]);
  await pipeline.close();
});
test.run();
