/** A study that goes to two destinations, each a PACS in memory. */
import { randomUUID } from 'node:crypto';
import type { Need } from '#shared/protocol/forms.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { createTakings } from '../pipeline/pacs/takings.ts';
import { openTestPacs, type TestPacs } from './open-pacs.ts';
import { openTestPipeline, type TestGround, type TestPipeline } from './open-pipeline.ts';
import { newStudy, studyIdOf } from './open-study.ts';
import { toManifest } from './pack-parcel.ts';

type InSite = { readonly tools: Pick<TestPipeline['tools'], 'db'>; readonly siteId: string };

/** A destination in the database, of the pipeline's site. */
export async function addDestination(
  pipeline: InSite,
  name: string,
  need: Need | null,
  isPrimary = need === null,
): Promise<string> {
  const { id } = await pipeline.tools.db
    .insertInto('destination')
    .values({
      ...{ site_id: pipeline.siteId, kind: 'dicomweb', name, url: `http://${name}.test/dicom-web`, need },
      settings: JSON.stringify({ authentication: { kind: 'none' }, ca: null, certificate: null }),
      ...{ sealed: null, is_primary: isPrimary, from_environment: false, changed_at: new Date() },
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

export type CopiedStudy = Awaited<ReturnType<typeof sentStudy>>;

/**
 * All of it is at the gateway; no stage has run. `sent`: the instances, or how many.
 * `other`: the PACS of the second destination.
 */
export async function sentStudy(
  ground: TestGround,
  need: Need,
  sent: number | readonly SyntheticInstance[] = 3,
) {
  const pacs = openTestPacs();
  const other = openTestPacs();
  type Place = { readonly pacs: TestPacs; readonly takings: ReturnType<typeof createTakings> };
  const places = new Map<string | null | undefined, Place>();
  const pacsOf = async ({ destination_id: id }: { destination_id: string | null }) =>
    places.get(id) ?? places.get(null)!;
  const pipeline = await openTestPipeline({ pacs, start: false, ground, tools: { pacsOf } });
  const first = { pacs, takings: createTakings() };
  places.set(null, first);
  places.set(await addDestination(pipeline, 'first', null), first);
  const otherId = await addDestination(pipeline, 'other', need);
  places.set(otherId, { pacs: other, takings: createTakings() });
  const instances = typeof sent === 'number' ? newStudy(sent) : sent;
  const { uploadId } = await pipeline.init(toManifest(instances));
  await pipeline.send(uploadId, instances, randomUUID());
  const studyId = await studyIdOf(pipeline, uploadId);
  return { pipeline, pacs, other, otherId, instances, uploadId, studyId };
}

/** The row of the study that goes to the second destination. */
export async function copyOf({ pipeline, studyId }: Pick<CopiedStudy, 'pipeline' | 'studyId'>) {
  const { db } = pipeline.tools;
  const copies = db.selectFrom('study').selectAll().where('copy_of', '=', studyId);
  const copy = await copies.executeTakeFirstOrThrow();
  const instances = db.selectFrom('instance').selectAll().where('study_id', '=', copy.id).orderBy('id');
  return { ...copy, instances: await instances.execute() };
}

/** The rows, files and key of the study that the gateway still has. */
export async function keptOf({ pipeline, studyId }: CopiedStudy) {
  const { db, blobs } = pipeline.tools;
  const studies = db.selectFrom('study').select(['state', 'wrapped_key']).where('id', '=', studyId);
  const study = await studies.executeTakeFirstOrThrow();
  const parcels = await db.selectFrom('parcel').select('id').where('study_id', '=', studyId).execute();
  const files = { parcels: parcels.length, blobs: (await blobs.ids()).length };
  return { state: study.state, hasKey: study.wrapped_key !== null, ...files };
}

export const uidsOf = (instances: readonly SyntheticInstance[]): readonly string[] =>
  instances.map(({ identifiers }) => identifiers.sopInstanceUID);
