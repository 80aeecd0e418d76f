/**
 * Receipts report de-identification: for each instance the steps that the device reported, and the gateway's own
 * checks.
 */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createReport, toWireReport } from '#shared/deid/report.ts';
import { reportDigest } from '#shared/protocol/deid-report.ts';
import type { Manifest } from '#shared/protocol/manifest.ts';
import { deidentifyBytes, pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { openTestGround, openTestPipeline, type TestGround } from '../../testing/open-pipeline.ts';
import { toManifest } from '../../testing/pack-parcel.ts';
import { newStudy, receiptOf } from '../../testing/open-study.ts';

const test = suite('a receipt');
let shared: TestGround;
test.before(async () => {
  shared = await openTestGround();
});
test.after(() => shared.close());

const TERMS = { edition: 'DICOM 2024e', options: [] };
const ORIGINAL = 'e'.repeat(64);
const openPipeline = () => openTestPipeline({ pacs: openTestPacs(), start: false, ground: shared });

/** A study as a device sends it under `deidentified`, and what it did to all of its instances. */
async function deidentifiedStudy(count: number) {
  const lists = new Map<string, readonly string[]>();
  const instances: SyntheticInstance[] = [];
  for (const instance of newStudy(count)) {
    // The keys of the test's gateway.
    const made = await deidentifyBytes(instance.bytes, rulesOf(), await pseudonymsOf(7));
    if (made.kind !== 'ready') throw new Error(made.because);
    instances.push({ ...instance, identifiers: made.outcome.identifiers, bytes: new Uint8Array(made.bytes) });
    const { digest, actions } = await toWireReport(createReport([], made.outcome.report));
    lists.set(digest, actions!);
  }
  assert.is(lists.size, 1);
  const [[digest, actions]] = [...lists] as [[string, readonly string[]]];
  return { instances, digest, actions: [...actions] };
}

/** `of`: for each instance, which list is its own. */
function withReports(
  manifest: Manifest,
  reports: NonNullable<Manifest['deidentification']>['reports'],
  of: readonly (number | undefined)[],
): Manifest {
  const instances = manifest.instances.map((instance, at) => ({
    ...instance,
    originalDigest: ORIGINAL,
    ...(of[at] === undefined ? {} : { report: of[at] }),
  }));
  return { ...manifest, instances, deidentification: { ...TERMS, reports } };
}

test('states for each instance what was done, with the digests before and after, and that the gateway found no residue, in every revision', async () => {
  const pipeline = await openPipeline();
  const { instances, digest, actions } = await deidentifiedStudy(3);
  const first = withReports(toManifest(instances.slice(0, 2), 'deidentified'), [actions], [0, 0]);
  const { uploadId } = await pipeline.init(first);
  await pipeline.init(first);
  await pipeline.send(uploadId, instances.slice(0, 2));
  await pipeline.runAll();
  const one = (await receiptOf(pipeline, uploadId)).receipt;
  const report = { ...TERMS, methods: ['113100'], digest, actions };
  assert.equal(one.reports, [report]);
  const said = { originalDigest: ORIGINAL, report: 0, residue: 'none' as const };
  assert.equal(
    one.instances.map(({ originalDigest, report: place, residue }) => ({
      originalDigest,
      report: place,
      residue,
    })),
    [said, said],
  );

  // A colleague has the whole study, one instance of it under another list, which comes first.
  const other = ['0008,0020 Z profile'];
  const colleague = {
    site_id: pipeline.siteId,
    username: randomUUID(),
    roles: ['technician' as const],
    password_hash: '',
    disabled_at: null,
  };
  pipeline.actAs(
    (
      await pipeline.tools.db
        .insertInto('account')
        .values(colleague)
        .returning('id')
        .executeTakeFirstOrThrow()
    ).id,
    ['technician'],
  );
  const late = await pipeline.init(
    withReports(toManifest(instances, 'deidentified'), [other, actions], [1, 1, 0]),
  );
  assert.equal([late.need.length, late.uploadId === uploadId], [3, false]);
  await pipeline.send(late.uploadId, instances);
  await pipeline.runAll();
  const two = (await receiptOf(pipeline, late.uploadId)).receipt;
  assert.equal(two.reports, [
    report,
    { ...report, digest: await reportDigest({ ...TERMS, actions: other }), actions: other },
  ]);
  assert.equal([two.revision, two.instances.map(({ report: place }) => place)], [1, [0, 0, 1]]);
  await pipeline.close();
});

test('gives only the digest of a list that was too long to travel', async () => {
  const pipeline = await openPipeline();
  const { instances, digest } = await deidentifiedStudy(1);
  const { uploadId } = await pipeline.init(withReports(toManifest(instances, 'deidentified'), [digest], [0]));
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.equal(
    [receipt.reports, receipt.instances[0]?.report],
    [[{ ...TERMS, methods: ['113100'], digest }], 0],
  );
  await pipeline.close();
});

test('for a device without reports names none, but still names what the gateway checked', async () => {
  const pipeline = await openPipeline();
  const { instances } = await deidentifiedStudy(1);
  const { uploadId } = await pipeline.init(toManifest(instances, 'deidentified'));
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.equal(
    [receipt.reports, 'report' in receipt.instances[0]!, receipt.instances[0]?.residue],
    [undefined, false, 'none'],
  );
  await pipeline.close();
});

test('says nothing about instances sent unchanged, and claims no check of those held back', async () => {
  const pipeline = await openPipeline();
  const plain = newStudy(1);
  const sent = await pipeline.init(toManifest(plain));
  await pipeline.send(sent.uploadId, plain);
  const identifying = newStudy(1);
  const held = await pipeline.init(
    withReports(toManifest(identifying, 'deidentified'), [['0008,0020 Z profile']], [0]),
  );
  await pipeline.send(held.uploadId, identifying);
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, sent.uploadId);
  assert.equal(
    [
      'reports' in receipt,
      ...['originalDigest', 'report', 'residue'].map((member) => member in receipt.instances[0]!),
    ],
    [false, false, false, false],
  );
  const [instance] = (await receiptOf(pipeline, held.uploadId)).receipt.instances;
  assert.equal([instance?.reason, instance?.report, instance?.residue], ['identity-remains', 0, undefined]);
  await pipeline.close();
});

test('gives an instance that another study takes over the report from that study', async () => {
  const pipeline = await openPipeline();
  const { instances, actions } = await deidentifiedStudy(1);
  const right = withReports(toManifest(instances, 'deidentified'), [actions], [0]);
  await pipeline.init({
    ...withReports(right, [['0008,0020 Z profile']], [0]),
    studyInstanceUID: '1.2.3.4' as Manifest['studyInstanceUID'],
  });
  const { uploadId } = await pipeline.init({
    ...right,
    instances: right.instances.map((instance) => ({ ...instance, originalDigest: 'd'.repeat(64) })),
  });
  await pipeline.send(uploadId, instances);
  await pipeline.runAll();
  const { receipt } = await receiptOf(pipeline, uploadId);
  assert.equal(
    [receipt.reports?.map((report) => report.actions), receipt.instances[0]?.originalDigest],
    [[actions], 'd'.repeat(64)],
  );
  await pipeline.close();
});

test('repeats nothing that the policy does not ask for: such a manifest is refused', async () => {
  const pipeline = await openPipeline();
  const { instances, actions } = await deidentifiedStudy(1);
  const codeOf = async (manifest: Manifest) =>
    ((await pipeline.init(manifest)) as unknown as { code?: string }).code;
  const said = withReports(toManifest(instances, 'deidentified'), [actions], [0]);
  assert.is(
    await codeOf({ ...said, deidentification: { ...said.deidentification!, options: ['retain-uids'] } }),
    'invalid-request',
  );
  assert.is(await codeOf(withReports(toManifest(newStudy(1)), [actions], [0])), 'invalid-request');
  assert.is(await codeOf(said), undefined);
  await pipeline.close();
});

test.run();
