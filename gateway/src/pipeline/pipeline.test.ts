/** The road of a study through the gateway, with a real Orthanc at its end. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { merkleRoot, RECEIPT_TYPE } from '#shared/protocol/receipt.ts';
import { skip } from '#testing/environment.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { sha256 } from '#testing/sha256.ts';
import { findOrthanc, startOrthanc } from '../../../scripts/system/orthanc.ts';
import { verifyAudit } from '../audit/verify-audit.ts';
import { createOrthancPacs } from '../ports/pacs/orthanc-pacs.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';
import { openTestPipeline } from '../testing/open-pipeline.ts';
import { toManifest } from '../testing/pack-parcel.ts';
import { newStudy, receiptOf } from '../testing/open-study.ts';

const { signal } = new AbortController();

/** The same UIDs, other pixels. */
function otherBytes(instance: SyntheticInstance): SyntheticInstance {
  const bytes = instance.bytes.slice();
  bytes[bytes.length - 1]! ^= 1;
  return { ...instance, bytes };
}

const road = suite('a study on its road');
let orthanc: Awaited<ReturnType<typeof startOrthanc>> | null = null;
let folder = '';
road.before(async () => {
  if ((await findOrthanc()) === null) skip('the road into a real Orthanc', 'Orthanc is not installed');
  folder = await mkdtemp(join(tmpdir(), 'relay-road-'));
  orthanc = await startOrthanc({ folder });
});
road.after(async () => {
  await orthanc?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});
const promise = (title: string, run: (pacs: Pacs) => Promise<void>) =>
  road(title, async () => void (orthanc && (await run(createOrthancPacs(orthanc)))));

promise(
  'the PACS holds every instance bit for bit, and the receipt says so under the gateway’s signature',
  async (pacs) => {
    const pipeline = await openTestPipeline({ pacs });
    const instances = newStudy(4, 2);
    const answer = await pipeline.init(toManifest(instances));
    assert.is(answer.need.length, 8);
    await pipeline.send(answer.uploadId, instances.slice(0, 4));
    await pipeline.send(answer.uploadId, instances.slice(4));
    const complete = await pipeline.json<{ missing: unknown[] }>(
      'POST',
      `/upload/${answer.uploadId}/complete`,
    );
    assert.equal(complete.missing, []);
    const status = await pipeline.until(answer.uploadId, ({ state }) => state === 'closed');
    assert.is(status.counts.inPacs, 8);
    for (const found of await pacs.findInstances(
      instances.map(({ identifiers }) => identifiers.sopInstanceUID),
      signal,
      instances[0]!.identifiers.studyInstanceUID,
    )) {
      const sent = instances.find(({ identifiers }) => identifiers.sopInstanceUID === found.sopInstanceUID)!;
      assert.is((await pacs.readBack(found, sent.bytes.length, signal))?.digest, sha256(sent.bytes));
    }
    const { receipt, protectedHeader } = await receiptOf(pipeline, answer.uploadId);
    assert.is(protectedHeader.typ, RECEIPT_TYPE);
    assert.is(receipt.root, await merkleRoot(receipt.instances));
    assert.ok(receipt.instances.every(({ state, proof }) => state === 'stored' && proof === 'digest'));
    assert.is(receipt.pacs, orthanc!.url);
    // Nothing of it is left, and its key is destroyed.
    assert.equal(await pipeline.tools.blobs.ids(), []);
    assert.is(
      (await pipeline.tools.db.selectFrom('study').select('wrapped_key').executeTakeFirst())?.wrapped_key,
      null,
    );
    assert.is((await verifyAudit(pipeline.tools.db)).kind, 'whole');
    assert.equal(pipeline.failures, []);

    const again = await pipeline.init(toManifest(instances));
    assert.equal(
      [again.need.length, again.have.length, again.revision],
      [0, 8, 1],
      'sent again, not one byte is asked for',
    );
    await pipeline.close();
  },
);

promise(
  'a UID in use is a conflict: the first stays, the other is quarantined and named, the same is already here',
  async (pacs) => {
    const pipeline = await openTestPipeline({ pacs });
    const [a] = newStudy(1) as [SyntheticInstance];
    const b = otherBytes(a);
    const first = await pipeline.init(toManifest([a]));
    await pipeline.send(first.uploadId, [a]);
    await pipeline.until(first.uploadId, ({ state }) => state === 'closed');
    const second = await pipeline.init(toManifest([b]));
    assert.equal(second.conflict, [
      {
        sopInstanceUID: b.identifiers.sopInstanceUID,
        digest: sha256(b.bytes),
        reason: 'conflicting-instance',
      },
    ]);
    const third = await pipeline.init(toManifest([a]));
    assert.is(third.have.length, 1);
    const held = await pipeline.until(second.uploadId, ({ state }) => state === 'held');
    assert.is(held.counts.quarantined, 1);
    const [found] = await pacs.findInstances(
      [a.identifiers.sopInstanceUID],
      signal,
      a.identifiers.studyInstanceUID,
    );
    assert.is((await pacs.readBack(found!, a.bytes.length, signal))?.digest, sha256(a.bytes));
    await pipeline.json('POST', `/upload/${second.uploadId}/decisions`, {
      decision: 'leave-out',
      instances: second.conflict,
    });
    await pipeline.until(second.uploadId, ({ state }) => state === 'closed');
    const { receipt } = await receiptOf(pipeline, second.uploadId);
    assert.equal(
      receipt.instances.map(({ state }) => state),
      ['stored', 'left-out'],
    );
    assert.is(receipt.revision, 3);
    await pipeline.close();
  },
);

promise(
  'instances already in the PACS are compared: equal bytes count as stored, others are never overwritten',
  async (pacs) => {
    const [same, other] = newStudy(2) as [SyntheticInstance, SyntheticInstance];
    const before = [same, otherBytes(other)].map((instance) => ({
      sopInstanceUID: instance.identifiers.sopInstanceUID,
      seriesInstanceUID: instance.identifiers.seriesInstanceUID,
      sopClassUID: instance.identifiers.sopClassUID,
      transferSyntaxUID: instance.transferSyntaxUID,
      digest: sha256(instance.bytes),
      bytes: instance.bytes.length,
      async *open() {
        yield instance.bytes;
      },
    }));
    await pacs.storeInstances(same.identifiers.studyInstanceUID, before, signal);
    const pipeline = await openTestPipeline({ pacs });
    const { uploadId } = await pipeline.init(toManifest([same, other]));
    await pipeline.send(uploadId, [same, other]);
    const status = await pipeline.until(uploadId, ({ state }) => state === 'held');
    assert.equal(
      status.instances?.map(({ state, reason }) => [state, reason]),
      [
        ['already-stored', undefined],
        ['quarantined', 'conflicting-instance'],
      ],
    );
    assert.equal(
      (await receiptOf(pipeline, uploadId)).receipt.instances.map(({ proof }) => proof),
      ['read-back', undefined],
    );
    const { fields } = await pipeline.tools.db
      .selectFrom('audit')
      .select('fields')
      .where('event', '=', 'instances-known-to-pacs')
      .executeTakeFirstOrThrow();
    assert.equal([fields['same'], fields['conflicts']], [1, 1]);
    await pipeline.close();
  },
);
road.run();
