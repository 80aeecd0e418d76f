/** Results reach the PACS next to their source, and the study's next receipt, once. */
import { decodeJwt } from 'jose';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseUid } from '#shared/dicom/uid.ts';
import type { Receipt } from '#shared/protocol/receipt.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import { PacsUnreachable } from '../ports/pacs/pacs.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { acceptReceipt } from '../../../client/src/pipeline/upload/accept-receipt.ts';
import { runExpiry } from '../pipeline/eviction/run-expiry.ts';
import { askPacs, openUpload } from '../uploads/open-upload.ts';
import {
  openTestGround,
  openTestPipeline,
  type TestGround,
  type TestPipeline,
} from '../testing/open-pipeline.ts';
import { toManifest } from '../testing/pack-parcel.ts';
import { receiptOf } from '../testing/open-study.ts';
import { RESULTS_POLICY } from '../policies/policies.ts';
import type { PipelineTools } from '../pipeline/plan/pipeline-tools.ts';
import { buildResultInstances, buildVerifiedReport } from './build-result-instances.ts';
import { DEIDENTIFIED, testFilm, testMaps, testSubject } from '../testing/open-subject.ts';
import type { BuiltResult } from './result-subject.ts';
import { sendResults, type ResultRoad } from './send-results.ts';

const test = suite('results');
const { signal } = new AbortController();
let ground: TestGround;
let seed = 100;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

const roadOf = ({ tools, parcels }: TestPipeline): ResultRoad => ({
  openUpload: async (manifest, sender, until) =>
    openUpload(tools, manifest, sender, { asked: await askPacs(tools, manifest, sender, until) }),
  arrived: (parcelId) => parcels.arrived(parcelId, null),
});
const send = (pipeline: TestPipeline, results: readonly BuiltResult[], road = roadOf(pipeline)) =>
  sendResults({ ...pipeline.tools, road }, pipeline.siteId, results, signal);
const SENT = ['sent', 'sent', 'sent'];
const outcomesOf = async (...of: Parameters<typeof send>) => fieldsOf(await send(...of), 'outcome');
/** A run that is killed. */
const killed = async (run: Promise<unknown>): Promise<void> =>
  assert.match(String(await run.catch((error: unknown) => error)), /killed/);
const uidsOf = (results: readonly BuiltResult[]): string[] =>
  results.map(({ identifiers }) => identifiers.sopInstanceUID);

/** A film that is in the PACS, with its receipt; its study is closed and the key destroyed. */
async function deliveredFilm(more = {}) {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false, ground });
  seed += 1;
  const film = testFilm({ seed, ...more });
  const { uploadId } = await pipeline.init(toManifest([film]));
  await pipeline.send(uploadId, [film]);
  await pipeline.runAll();
  await pipeline.json('POST', `/upload/${uploadId}/complete`);
  assert.is((await pipeline.status(uploadId)).state, 'closed');
  const subject = await testSubject(film.bytes);
  return { pacs, pipeline, film, uploadId, subject, results: buildResultInstances(subject, testMaps()) };
}

/** The upload of the results, with its receipt. */
async function ownOf({ tools, siteId }: TestPipeline): Promise<{ id: string; jws: string }> {
  const { rows } = await sql<{ id: string; jws: string }>`select u.id, r.jws from upload u
    left join receipt r on r.upload_id = u.id where u.site_id = ${siteId} and u.account_id is null`.execute(
    tools.db,
  );
  return rows[0]!;
}

test('are in the PACS next to their source, with a receipt of their own; the study’s next one lists what its device sent', async () => {
  const { pacs, pipeline, film, uploadId, results } = await deliveredFilm();
  assert.equal(await outcomesOf(pipeline, results), SENT);
  await pipeline.runAll();
  for (const { identifiers, bytes } of results)
    assert.ok(pacs.held.get(identifiers.sopInstanceUID)?.bytes.equals(bytes));
  const { jws, receipt } = await receiptOf(pipeline, uploadId);
  assert.is(receipt.revision, 2);
  assert.equal(fieldsOf(receipt.instances, 'sopInstanceUID'), [film.identifiers.sopInstanceUID]);
  assert.equal(receipt.policy, { name: 'identified', version: 1 });
  const { jws: other } = await ownOf(pipeline);
  const said = decodeJwt<Receipt>(other);
  assert.is(said.revision, 2);
  assert.equal(
    said.instances.map(({ sopInstanceUID }) => sopInstanceUID as string).sort(),
    [...uidsOf(results)].sort(),
  );
  assert.ok(said.instances.every(({ state }) => (IN_PACS as readonly string[]).includes(state)));
  assert.ok(said.instances.every(({ policy }) => policy?.name === RESULTS_POLICY.name));
  const key = { ...pipeline.receiptKey.export({ format: 'jwk' }), kid: 'test', alg: 'EdDSA' };
  const ours = {
    studyInstanceUID: film.identifiers.studyInstanceUID,
    instances: toManifest([film]).instances,
  };
  assert.is((await acceptReceipt(jws, { keys: [key as never] }, ours)).kind, 'holds');
  assert.equal(await pipeline.tools.blobs.ids(), [], 'nothing of them stays at the gateway');
  await pipeline.close();
});

test('are not the device’s: its upload counts what it sent, and its list holds one upload', async () => {
  const { pipeline, uploadId, results } = await deliveredFilm();
  await send(pipeline, results);
  const onTheWay = await pipeline.status(uploadId);
  assert.equal([onTheWay.counts.promised, onTheWay.instances?.length, onTheWay.policy], [1, 1, 'identified']);
  await pipeline.runAll();
  const { counts, state, waiting } = await pipeline.status(uploadId);
  assert.equal([counts.promised, counts.inPacs, state, waiting], [1, 1, 'closed', null]);
  const { uploads } = await pipeline.json<{ uploads: { uploadId: string }[] }>('GET', '/uploads');
  assert.equal(
    uploads.map((upload) => upload.uploadId),
    [uploadId],
  );
  const own = await ownOf(pipeline);
  assert.is((await pipeline.request('GET', `/upload/${own.id}/status`)).status, 404);
  await pipeline.close();
});

test('sent a second time add nothing, on the way and when they are there', async () => {
  const { pacs, pipeline, uploadId, results } = await deliveredFilm();
  await send(pipeline, results);
  await pipeline.runAll();
  const before = (await receiptOf(pipeline, uploadId)).jws;
  assert.equal(fieldsOf(await send(pipeline, results), 'outcome'), ['there', 'there', 'there']);
  await pipeline.runAll();
  assert.is((await receiptOf(pipeline, uploadId)).jws, before);
  for (const uid of uidsOf(results)) assert.is(pacs.posted.get(uid), 1);
  await pipeline.close();
});

test('with other content under the same UID are reported, not sent, and hold up nothing', async () => {
  const { pacs, pipeline, uploadId, subject, results } = await deliveredFilm();
  await send(pipeline, results);
  await pipeline.runAll();
  const other = buildResultInstances({ ...subject, softwareVersion: '9.9.9' }, testMaps());
  assert.equal(uidsOf(other), uidsOf(results));
  assert.equal(fieldsOf(await send(pipeline, other), 'outcome'), [
    'other-bytes',
    'other-bytes',
    'other-bytes',
  ]);
  const map = {
    ...other[0]!,
    identifiers: { ...other[0]!.identifiers, sopInstanceUID: parseUid('SOPInstanceUID', '2.25.424242') },
  };
  assert.equal(
    fieldsOf(await send(pipeline, [map, other[2]!]), 'outcome'),
    ['left-out', 'other-bytes'],
    'no map that no report names',
  );
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).state, 'closed');
  assert.ok(pacs.held.get(uidsOf(results)[0]!)?.bytes.equals(results[0]!.bytes));
  await pipeline.close();
});

test('with the radiologist’s verdict come as one more report and one more revision', async () => {
  const { pacs, pipeline, uploadId, subject, results } = await deliveredFilm();
  await send(pipeline, results);
  await pipeline.runAll();
  const agreed = { verdict: 'agree', finding: null, reason: null, by: 'x', revision: 2 } as const;
  const verified = buildVerifiedReport(subject, ['SEG', 'SC'], { ...agreed, at: new Date() });
  assert.is((await send(pipeline, [verified]))[0]!.outcome, 'sent');
  await pipeline.runAll();
  assert.is((await receiptOf(pipeline, uploadId)).receipt.revision, 3);
  assert.is(pacs.held.size, 5);
  await pipeline.close();
});

test('of a de-identified study pass, because they hold only its pseudonyms', async () => {
  const { pacs, pipeline, results } = await deliveredFilm({ more: DEIDENTIFIED });
  await send(pipeline, results);
  await pipeline.runAll();
  for (const uid of uidsOf(results)) assert.ok(pacs.held.has(uid));
  await pipeline.close();
});

test('are sent under a policy that nobody else can name', async () => {
  const { pipeline, film } = await deliveredFilm();
  for (const roles of [['technician'], ['admin']] as const) {
    pipeline.actAs(pipeline.accountId, [...roles]);
    const refused = await pipeline.json<{ code: string }>(
      'POST',
      '/upload/init',
      toManifest([film], RESULTS_POLICY.name),
    );
    assert.is(refused.code, 'policy-withdrawn');
    const { policies } = await pipeline.json<{ policies: { name: string }[] }>('GET', '/upload/policy');
    assert.not.ok(policies.some(({ name }) => name === RESULTS_POLICY.name));
  }
  await pipeline.close();
});

const fail = (because: string): never => {
  throw new Error(because);
};
/** Places where a run may be killed, as replacements for the real parts. */
const DEATHS: Readonly<
  Record<string, (tools: PipelineTools, road: ResultRoad) => readonly [PipelineTools, ResultRoad]>
> = {
  'before its parcel has a row': (tools, road) => [{ ...tools, newId: () => fail('killed') }, road],
  'before its parcel has a byte': (tools, road) => [
    { ...tools, blobs: { ...tools.blobs, create: () => Promise.reject(new Error('killed')) } },
    road,
  ],
  'in the middle of its parcel': (tools, road) => [
    { ...tools, blobs: { ...tools.blobs, append: (id, key, at) => tools.blobs.append(id, key, at, half()) } },
    road,
  ],
  'before it says that all is there': (tools, road) => [
    tools,
    { ...road, arrived: () => Promise.reject(new Error('killed')) },
  ],
};

for (const [where, die] of Object.entries(DEATHS)) {
  test(`killed ${where} and sent again are there once, and remains are swept up`, async () => {
    const { pacs, pipeline, uploadId, results } = await deliveredFilm();
    const { tools, siteId } = pipeline;
    const [dying, road] = die(tools, roadOf(pipeline));
    await killed(sendResults({ ...dying, road }, siteId, results, signal));
    await pipeline.runAll();
    if (!where.includes('row'))
      assert.is(
        (await pipeline.status(uploadId)).state,
        'closed',
        'the study does not wait for what may never come',
      );
    assert.equal(await outcomesOf(pipeline, results), SENT);
    await pipeline.runAll();
    for (const uid of uidsOf(results)) assert.is(pacs.posted.get(uid), 1);
    assert.is((await pipeline.status(uploadId)).state, 'closed');
    await runExpiry({ ...tools, now: () => new Date(tools.now().getTime() + 2 * 3600 * 1000) });
    assert.equal(await tools.blobs.ids(), []);
    await pipeline.close();
  });
}

async function* half(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(100);
  throw new Error('killed');
}

test('promised by a killed run are replaced by those of a later one', async () => {
  const { pacs, pipeline, uploadId, subject, results } = await deliveredFilm();
  const { tools, siteId } = pipeline;

  const cut: ResultRoad = {
    ...roadOf(pipeline),
    openUpload: async (...manifest) => {
      await roadOf(pipeline).openUpload(...manifest);
      throw new Error('killed');
    },
  };
  await killed(sendResults({ ...tools, road: cut }, siteId, results, signal));
  const upgraded = buildResultInstances({ ...subject, softwareVersion: '9.9.9' }, testMaps());
  assert.equal(await outcomesOf(pipeline, upgraded), SENT);
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).state, 'closed');
  for (const { identifiers, bytes } of upgraded)
    assert.ok(pacs.held.get(identifiers.sopInstanceUID)?.bytes.equals(bytes));
  await pipeline.close();
});

test('sent by two gateways at once are there once', async () => {
  const { pacs, pipeline, uploadId, results } = await deliveredFilm();
  const both = await Promise.all([send(pipeline, results), send(pipeline, results)]);
  assert.ok(both.flat().every(({ outcome }) => outcome === 'sent' || outcome === 'there'));
  await pipeline.runAll();
  for (const uid of uidsOf(results)) assert.is(pacs.posted.get(uid), 1);
  assert.is((await pipeline.status(uploadId)).state, 'closed');
  assert.equal(await pipeline.tools.blobs.ids(), []);
  await pipeline.close();
});

test('wait with their study while the PACS is away, and continue when it is back', async () => {
  const { pacs, pipeline, uploadId, results } = await deliveredFilm();
  pacs.lie = 'down';
  assert.instance(await pipeline.tools.pacs.probe(signal).catch((error: unknown) => error), PacsUnreachable);
  assert.equal(await outcomesOf(pipeline, results), SENT);
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).waiting?.because, 'pacs-unreachable');
  pacs.lie = 'honest';
  await pipeline.runAll();
  assert.is((await pipeline.status(uploadId)).state, 'closed');
  await pipeline.close();
});

test('of two studies are not one sending', async () => {
  const { pipeline, results } = await deliveredFilm();
  const others = buildResultInstances(await testSubject(testFilm({ seed: 99 }).bytes), testMaps());
  assert.instance(await send(pipeline, [...results, ...others]).catch((error: unknown) => error), RangeError);
  assert.equal(await send(pipeline, []), []);
  await pipeline.close();
});

test.run();
