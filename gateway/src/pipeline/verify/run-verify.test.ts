/** Verify that fails where nobody expected it: nothing is lost, nothing unverified passes, and a person is told. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import type { OpenBlob } from '../../ports/blobs/blobs.ts';
import { openTestPacs } from '../../ports/pacs/open-test-pacs.ts';
import { openTestPipeline, toManifest } from '../open-test-pipeline.ts';
import { runParcel } from '../pipeline.ts';

const signal = new AbortController().signal;
const test = suite('verify that fails');

/** A disk that cannot read one instance. */
function failingOn({ bytes, identifiers }: SyntheticInstance, body: OpenBlob): OpenBlob {
  return {
    ...body,
    async read(offset, length) {
      const read = await body.read(offset, length);
      if (length === bytes.length && Buffer.from(read).includes(identifiers.sopInstanceUID)) throw new Error('EIO');
      return read;
    },
  };
}

test('on one instance, that one is held for a person after a while and the others go on', async () => {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false });
  const { instances } = syntheticStudy({ seed: 7300, instancesPerSeries: 3, rows: 8, columns: 8 });
  const { uploadId } = await pipeline.init(toManifest(instances));
  const { blobs, db } = pipeline.tools;
  const { open } = blobs;
  const poison = instances[1]!;
  Object.assign(blobs, { open: async (...of: Parameters<typeof open>) => failingOn(poison, (await open(...of))!) });
  const parcel = randomUUID();
  await pipeline.send(uploadId, instances, parcel);
  const { id } = await db.selectFrom('parcel').select('id').where('upload_id', '=', uploadId).executeTakeFirstOrThrow();
  for (let run = 1; run < 8; run += 1) assert.is(await runParcel(id, pipeline.tools, signal).then(() => 'ended', (error: Error) => error.message), 'EIO', `run ${run}`);
  const stopped = AbortSignal.abort();
  await runParcel(id, pipeline.tools, stopped).catch(() => undefined);
  assert.is((await pipeline.status(uploadId)).counts.quarantined, 0, 'a gateway that stops decides nothing');
  await runParcel(id, pipeline.tools, signal);
  Object.assign(blobs, { open });
  await pipeline.runAll();
  const held = await pipeline.status(uploadId);
  assert.equal([held.state, held.counts.inPacs, held.instances?.[1]?.reason, pacs.held.size], ['held', 2, 'cannot-be-verified', 2]);
  assert.is((await blobs.ids()).length, 1, 'its bytes are kept');
  const { sopInstanceUID, digest } = held.instances![1]!;
  await pipeline.json('POST', `/upload/${uploadId}/decisions`, { decision: 'retry', instances: [{ sopInstanceUID, digest }] });
  await pipeline.runAll();
  assert.equal([(await pipeline.status(uploadId)).state, pacs.held.size], ['receiving', 2], 'what was not verified is not let through');
  assert.is((await pipeline.init(toManifest(instances))).need.length, 1);
  await pipeline.send(uploadId, instances, parcel);
  await pipeline.runAll();
  assert.equal([(await pipeline.status(uploadId)).state, pacs.held.size], ['closed', 3]);
  await pipeline.close();
});

test.run();
