/** The files of exports: encrypted blobs, each under a key of its own that is destroyed with it. */
import { parcelKey } from '../ports/blobs/blob-cipher.ts';
import type { BlobKey, OpenBlob } from '../ports/blobs/blobs.ts';
import type { ExportTools } from './export-tools.ts';
import { namedFiles, type ExportFile } from './export.store.ts';

type FileTools = Pick<ExportTools, 'exportBlobs' | 'exportKeys'>;

/** Creates the name and the key of a run's file; no other run has them. The bytes are written later. */
export async function nameFile({
  exportKeys,
  newId,
}: FileTools & Pick<ExportTools, 'newId'>): Promise<ExportFile> {
  const blob = newId();
  return { blob, wrapped_key: await exportKeys.create(blob) };
}

function keyOf({ exportKeys }: FileTools, { blob, wrapped_key }: ExportFile): BlobKey | null {
  const key = exportKeys.unwrap(blob, wrapped_key);
  return key && parcelKey(key, blob);
}

/** The file survives a power cut once this resolves. @throws StorageFull, and what `pieces` throws. */
export async function writeFile(
  tools: FileTools,
  file: ExportFile,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  const key = keyOf(tools, file);
  if (key === null) throw new Error('the key of an export is gone');
  await tools.exportBlobs.create(file.blob);
  await tools.exportBlobs.append(file.blob, key, 0, pieces);
  await tools.exportBlobs.sync(file.blob);
}

/** Null: the file is gone. */
export async function openFile(tools: FileTools, file: ExportFile): Promise<OpenBlob | null> {
  const key = keyOf(tools, file);
  return key && tools.exportBlobs.open(file.blob, key);
}

/** Destroys the file and its key for ever. */
export async function destroyFile(
  { exportBlobs, exportKeys }: FileTools,
  file: ExportFile | null,
): Promise<void> {
  if (file === null) return;
  await exportKeys.destroy(file.wrapped_key);
  await exportBlobs.remove(file.blob);
}

/**
 * Removes files and keys that no export names, left behind by a killed gateway. A file is named in its row before its
 * bytes are written, so no file in progress is removed.
 */
export async function sweepFiles({ db, ...tools }: FileTools & Pick<ExportTools, 'db'>): Promise<void> {
  for (const id of await orphanFiles({ db, ...tools })) await tools.exportBlobs.remove(id);
  const files = await namedFiles(db);
  await tools.exportKeys.sweep(files.map(({ wrapped_key }) => wrapped_key));
}

/** Files that no export names. */
export async function orphanFiles({
  db,
  exportBlobs,
}: Pick<ExportTools, 'db' | 'exportBlobs'>): Promise<readonly string[]> {
  const blobs = await exportBlobs.ids();
  const kept = new Set((await namedFiles(db)).map(({ blob }) => blob));
  return blobs.filter((id) => !kept.has(id));
}
