/** Files that no row names: parcels and files of exports that a killed gateway left behind. Sweeps remove them too. */
import type { Storage } from '#shared/protocol/storage.ts';
import { orphanFiles, sweepFiles } from '../exports/export-files.ts';
import type { ExportTools } from '../exports/export-tools.ts';
import type { PipelineTools } from '../pipeline/plan/pipeline-tools.ts';
import { orphanBlobs, sweepBlobs } from '../pipeline/stores/orphan-blobs.ts';
import type { Blobs } from '../ports/blobs/blobs.ts';

export type OrphanTools = Pick<ExportTools, 'db' | 'exportBlobs' | 'exportKeys'> & {
  readonly pipeline: Pick<PipelineTools, 'db' | 'blobs'>;
};

export async function countOrphans(tools: OrphanTools): Promise<Storage['orphans']> {
  const parcels = await sizesOf(tools.pipeline.blobs, await orphanBlobs(tools.pipeline));
  const files = await sizesOf(tools.exportBlobs, await orphanFiles(tools));
  const sizes = [...parcels, ...files];
  return { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

const sizesOf = async (blobs: Blobs, ids: readonly string[]): Promise<readonly number[]> =>
  (await Promise.all(ids.map((id) => blobs.size(id)))).map((size) => size ?? 0);

export async function removeOrphans(tools: OrphanTools): Promise<void> {
  await sweepBlobs(tools.pipeline);
  await sweepFiles(tools);
}
