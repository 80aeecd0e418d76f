/** For the tests of the road: studies that stand at its beginning or in its middle, on one database. */
import { randomUUID } from 'node:crypto';
import { compactVerify } from 'jose';
import { receiptSchema } from '#shared/protocol/receipt.ts';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { openTestPacs } from './open-pacs.ts';
import { openTestPipeline, type TestGround, type TestPipeline } from './open-pipeline.ts';
import { toManifest } from './pack-parcel.ts';

let seeds = 1;
/** Another study with each call. */
export function newStudy(instancesPerSeries = 3, series = 1): readonly SyntheticInstance[] {
  seeds += 1;
  return syntheticStudy({ seed: seeds, instancesPerSeries, series, rows: 16, columns: 16 }).instances;
}

export async function studyIdOf(pipeline: TestPipeline, uploadId: string): Promise<string> {
  const uploads = pipeline.tools.db.selectFrom('upload').select('study_id').where('id', '=', uploadId);
  return (await uploads.executeTakeFirstOrThrow()).study_id;
}

export async function receiptOf(pipeline: TestPipeline, uploadId: string) {
  const jws = await (await pipeline.request('GET', `/upload/${uploadId}/receipt`)).text();
  const { payload, protectedHeader } = await compactVerify(jws, pipeline.receiptKey);
  return {
    jws,
    protectedHeader,
    receipt: receiptSchema.parse(JSON.parse(new TextDecoder().decode(payload))),
  };
}

/** A study that was announced, and no more. */
export async function openedStudy(ground: TestGround, count = 3) {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false, ground });
  const instances = newStudy(count);
  const { uploadId } = await pipeline.init(toManifest(instances));
  return { pipeline, pacs, instances, uploadId };
}

/** A study that is all at the gateway and verified; `promised` of `count` instances. */
export async function assembledStudy(ground: TestGround, count = 3, promised = count) {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false, ground });
  const instances = newStudy(count);
  const { uploadId } = await pipeline.init(toManifest(instances.slice(0, promised)));
  const parcel = randomUUID();
  await pipeline.send(uploadId, instances.slice(0, promised), parcel);
  await pipeline.runParcels();
  const studyId = await studyIdOf(pipeline, uploadId);
  await pipeline.run('assembly', studyId);
  return { pipeline, pacs, instances, uploadId, studyId, parcel };
}
