/** A later version of an instance that was not stored is not missing; another image under its UID is. */
import { execFileSync } from 'node:child_process';
import { decodeJwt } from 'jose';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { firstOnlyIn } from '#shared/protocol/first-only.ts';
import type { Receipt } from '#shared/protocol/receipt.ts';
import { sentStudiesSchema, studyDestinationsSchema } from '#shared/protocol/studies.ts';
import { sha256 } from '#testing/sha256.ts';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import {
  openTestGround,
  openTestPipeline,
  type TestGround,
  type TestPipeline,
} from '../testing/open-pipeline.ts';
import { toManifest } from '../testing/pack-parcel.ts';

const test = suite('two contents under one UID');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

/** `sameOriginal`: the second content is of the same original, under other boxes; else it is another image. */
async function withLaterVersion(seed: number, sameOriginal: boolean) {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false, ground });
  const instances = syntheticStudy({ seed, instancesPerSeries: 4, rows: 8, columns: 8 }).instances.slice(
    0,
    4,
  );
  const later = { ...instances[0]!, bytes: instances[0]!.bytes.slice() };
  later.bytes[later.bytes.length - 1]! ^= 1;
  const manifestOf = (sent: typeof instances) => {
    const manifest = toManifest(sent, 'identified');
    if (!sameOriginal) return manifest;
    const named = sent.map(({ identifiers }) => sha256(Buffer.from(identifiers.sopInstanceUID)));
    return {
      ...manifest,
      instances: manifest.instances.map((one, at) => ({ ...one, originalDigest: named[at]! })),
    };
  };
  const { uploadId } = await pipeline.init(manifestOf(instances));
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  const initAgain = () => pipeline.init(manifestOf([later, ...instances.slice(1)]));
  const again = await initAgain();
  const key = { sopInstanceUID: later.identifiers.sopInstanceUID, digest: sha256(later.bytes) };
  await pipeline.runAll();
  const leaveOut = async () => {
    await pipeline.json('POST', `/upload/${uploadId}/decisions`, { decision: 'leave-out', instances: [key] });
    await pipeline.runAll();
  };
  const countsOf = async () => {
    const { promised, inPacs, refused, quarantined, leftOut } = (await pipeline.status(uploadId)).counts;
    return { promised, inPacs, refused, quarantined, leftOut };
  };
  return {
    pipeline,
    pacs,
    later,
    uploadId,
    again,
    initAgain,
    leaveOut,
    countsOf,
    study: later.identifiers.studyInstanceUID,
  };
}

const ALL = { promised: 4, inPacs: 4, refused: 0, quarantined: 0, leftOut: 0 };

test('four images of which one came again with other boxes are four, all in the PACS, before and after it is left out', async () => {
  const { pipeline, uploadId, again, leaveOut, countsOf, study } = await withLaterVersion(8101, true);
  assert.equal(
    again.conflict.map(({ reason }) => reason),
    ['already-here-other-boxes'],
  );
  assert.equal(await countsOf(), ALL);
  await leaveOut();
  assert.equal(await countsOf(), ALL);
  const { studies } = sentStudiesSchema.parse(await pipeline.json('GET', '/studies'));
  const told = studies.find(({ studyInstanceUID }) => studyInstanceUID === study)!;
  assert.equal([told.uploads[0]!.counts.promised, told.uploads[0]!.counts.inPacs], [4, 4]);
  const { destinations } = studyDestinationsSchema.parse(
    await pipeline.json('GET', `/studies/${study}/destinations`),
  );
  assert.equal(
    destinations.map(({ of, inPacs, failed, leftOut }) => ({ of, inPacs, failed, leftOut })),
    [{ of: 4, inPacs: 4, failed: 0, leftOut: 0 }],
  );
  const receipt = decodeJwt(
    await (await pipeline.request('GET', `/upload/${uploadId}/receipt`)).text(),
  ) as unknown as Receipt;
  assert.is(receipt.instances.length, 5, 'the signed list has each content');
  assert.equal(
    receipt.instances.filter(({ state }) => state === 'left-out').map(({ reason }) => reason),
    ['already-here-other-boxes'],
    'and why one of them is not there',
  );
  const sheet = await pipeline.app.request(`http://localhost/studies/${study}/receipt.pdf`);
  const words = execFileSync('pdftotext', ['-layout', '-', '-'], {
    input: Buffer.from(await sheet.arrayBuffer()),
  }).toString();
  const text = words.replace(/\s+/g, ' ');
  assert.match(text, 'All 4 images that were sent are in the PACS.');
  assert.match(text, 'Content 4 CT');
  assert.match(
    text,
    'Not stored 1 later version, with different covered areas, was not stored: the PACS keeps the first one',
  );
  assert.match(text, 'it may still be visible in the PACS');
  assert.not.match(text, 'left out by a person');
  await pipeline.close();
});

test('another image under the UID of one of them is a fifth, which needs a person and is then left out', async () => {
  const { pipeline, again, leaveOut, countsOf, study } = await withLaterVersion(8102, false);
  assert.equal(
    again.conflict.map(({ reason }) => reason),
    ['conflicting-instance'],
  );
  assert.equal(await countsOf(), { ...ALL, promised: 5, quarantined: 1 });
  await leaveOut();
  assert.equal(await countsOf(), { ...ALL, promised: 5, leftOut: 1 });
  const { destinations } = studyDestinationsSchema.parse(
    await pipeline.json('GET', `/studies/${study}/destinations`),
  );
  assert.equal(
    destinations.map(({ of, inPacs, failed, leftOut: out }) => [of, inPacs, failed, out]),
    [[5, 4, 0, 1]],
  );
  const sheet = await pipeline.app.request(`http://localhost/studies/${study}/receipt.pdf`);
  const text = execFileSync('pdftotext', ['-layout', '-', '-'], {
    input: Buffer.from(await sheet.arrayBuffer()),
  }).toString();
  assert.match(text, '4 of 5 images');
  assert.match(text.replace(/\s+/g, ' '), '1 other image with the same ID was not stored');
  assert.not.match(text, 'left out by a person');
  await pipeline.close();
});

test('a version that was left out stays left out when it is named again', async () => {
  const { pipeline, initAgain, leaveOut, countsOf } = await withLaterVersion(8103, true);
  await leaveOut();
  assert.equal(
    (await initAgain()).conflict.map(({ reason }) => reason),
    ['left-out'],
  );
  assert.equal(await countsOf(), ALL);
  await pipeline.close();
});

const decideOn = (pipeline: TestPipeline, uploadId: string, instances: readonly SyntheticInstance[]) => {
  const keys = toManifest(instances).instances.map(({ sopInstanceUID, digest }) => ({
    ...{ sopInstanceUID, digest },
  }));
  return pipeline.app.request(`http://localhost/upload/${uploadId}/decisions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ decision: 'retry', instances: keys }),
  });
};
const statesOf = async (pipeline: TestPipeline, uploadId: string) =>
  (await pipeline.status(uploadId)).instances?.map(({ state, reason }) => `${state} ${reason ?? ''}`.trim());

test('one that the PACS had of another image is tried again by what is here, and stored once that is deleted', async () => {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false, ground });
  const [instance] = syntheticStudy({ seed: 8104, instancesPerSeries: 1, rows: 8, columns: 8 }).instances;
  const { sopInstanceUID, studyInstanceUID } = instance!.identifiers;
  const other = Buffer.from(instance!.bytes);
  other[other.length - 1]! ^= 1;
  pacs.held.set(sopInstanceUID, { study: studyInstanceUID, bytes: other });
  const { uploadId } = await pipeline.init(toManifest([instance!], 'identified'));
  await pipeline.send(uploadId, [instance!]);
  await pipeline.runAll();
  const conflict = ['quarantined conflicting-instance'];
  assert.equal(await statesOf(pipeline, uploadId), conflict);
  assert.is((await decideOn(pipeline, uploadId, [instance!])).status, 200);
  await pipeline.runAll();
  assert.equal(await statesOf(pipeline, uploadId), conflict, 'the other one is still there');
  pacs.held.delete(sopInstanceUID);
  await decideOn(pipeline, uploadId, [instance!]);
  await pipeline.runAll();
  assert.equal(await statesOf(pipeline, uploadId), ['stored']);
  assert.equal(pacs.held.get(sopInstanceUID)?.bytes, Buffer.from(instance!.bytes));
  await pipeline.close();
});

test('one in conflict with what was sent first is wanted once the PACS no longer has that', async () => {
  const { pipeline, pacs, uploadId, later, countsOf } = await withLaterVersion(8105, false);
  const refused = await decideOn(pipeline, uploadId, [later]);
  assert.equal(
    [refused.status, ((await refused.json()) as { detail: string }).detail],
    [409, 'The PACS still has another image under this UID, or is about to get it.'],
  );
  const { sopInstanceUID } = later.identifiers;
  pacs.lie = 'down';
  assert.is((await decideOn(pipeline, uploadId, [later])).status, 502);
  pacs.lie = 'honest';
  pacs.held.delete(sopInstanceUID);
  assert.is((await decideOn(pipeline, uploadId, [later])).status, 200);
  await pipeline.send(uploadId, [later]);
  await pipeline.runAll();
  assert.equal(await countsOf(), ALL);
  assert.equal(pacs.held.get(sopInstanceUID)?.bytes, Buffer.from(later.bytes));
  await pipeline.close();
});

test('one that the PACS no longer has is in no receipt as in the PACS, whatever becomes of the other one', async () => {
  const { pipeline, pacs, uploadId, later, leaveOut } = await withLaterVersion(8106, false);
  pacs.held.delete(later.identifiers.sopInstanceUID);
  assert.is((await decideOn(pipeline, uploadId, [later])).status, 200);
  await leaveOut();
  const text = await (await pipeline.request('GET', `/upload/${uploadId}/receipt`)).text();
  const receipt = decodeJwt(text) as unknown as Receipt;
  const { counts } = await pipeline.status(uploadId);
  assert.equal([counts.inPacs, counts.firstOnly, firstOnlyIn(receipt)], [3, undefined, null]);
  assert.equal(
    receipt.instances.flatMap(({ state, reason, proof }) => (state === 'stored' ? [] : [[reason, proof]])),
    [
      ['never-arrived', undefined],
      ['left-out', undefined],
    ],
  );
  await pipeline.close();
});

test.run();
