/**
 * Where files from other clients lie until they are opened: encrypted blobs in a folder of their own. Each has its own
 * key, which is destroyed with it. A file counts as written from the moment it is announced, both for disk space and
 * for its account's quota.
 */
import { sql } from 'kysely';
import { Problem } from '#shared/protocol/problem.ts';
import { quotaUse } from '../../policies/quota.store.ts';
import { parcelKey } from '../../ports/blobs/blob-cipher.ts';
import { checkRoom, StorageFull, type BlobKey, type Blobs } from '../../ports/blobs/blobs.ts';
import { lockAnnouncing } from '../stores/study.store.ts';
import type { StudyKeys } from '../stores/study-key.ts';
import {
  deleteUnopened,
  expireFiles,
  insertFile,
  keptFiles,
  OPEN_FILE_QUEUE,
  openFiles,
  setCame,
  setReceived,
  toFileId,
  type FileForm,
  type NewFile,
  type SentFile,
} from '../stores/sent-file.store.ts';
import type { PipelineTools } from '../plan/pipeline-tools.ts';
import { maySend, type Sender } from '../stores/upload-owner.ts';
import { tokenEnded } from '../../http/route.ts';

/** Room for a disc with a CT examination in one archive. More than that is sent in several files. */
const FILE_BYTES_LIMIT = 16 * 1024 ** 3;
/** Files of one account that are unfinished or not yet opened. Each costs a row and a file. */
const OPEN_FILES_LIMIT = 256;

export type FileSpoolTools = Pick<PipelineTools, 'db' | 'jobs' | 'now' | 'newId' | 'locks'> & {
  /** Holds only blobs of such files. */
  readonly blobs: Blobs;
  readonly keys: StudyKeys;
};

/** The key of the file's blob. Throws if it was destroyed. */
export function fileKey(
  { keys }: Pick<FileSpoolTools, 'keys'>,
  file: Pick<SentFile, 'id' | 'wrapped_key'>,
): BlobKey {
  const key = file.wrapped_key === null ? null : keys.unwrap(file.id, file.wrapped_key);
  if (key === null) throw new Error('the key of a file is gone');
  return parcelKey(key, file.id);
}

/**
 * Announces a file. @throws Problem body-too-large, quota-exceeded, storage-full. `bytes` null: the length is not known
 * in advance; the same limits are checked again while the bytes come.
 */
export async function createFile(
  tools: FileSpoolTools,
  file: Omit<NewFile, 'id' | 'wrapped_key'>,
): Promise<NewFile> {
  const id = toFileId(tools.newId());
  const row = await tools.db.transaction().execute(async (trx) => {
    await lockAnnouncing(trx, { siteId: file.site_id, accountId: file.account_id });
    // Without this lock two creations could count the same free room.
    await sql`select pg_advisory_xact_lock(hashtext('file room'))`.execute(trx);
    await checkAnnounced({ ...tools, db: trx }, file.account_id, file.bytes ?? 0);
    const made = { ...file, id, wrapped_key: await tools.keys.create(id) };
    await insertFile(trx, made);
    return made;
  });
  await tools.blobs.create(id);
  return row;
}

/** Throws like `createFile`. */
export async function checkAnnounced(
  { db, blobs, now }: Pick<FileSpoolTools, 'db' | 'blobs' | 'now'>,
  accountId: string,
  bytes: number,
): Promise<void> {
  if (bytes > FILE_BYTES_LIMIT) throw new Problem('body-too-large');
  const open = await openFiles(db, accountId);
  const use = await quotaUse(db, accountId, now());
  const isOver = use !== undefined && use.used.bytes + open.ofAccount + bytes > use.quota.bytes;
  if (isOver || open.files >= OPEN_FILES_LIMIT) throw new Problem('quota-exceeded');
  try {
    await checkRoom(blobs, open.all + bytes);
  } catch (error) {
    throw error instanceof StorageFull ? new Problem('storage-full') : error;
  }
}

/** The file is complete and will be opened. @throws Problem not-authenticated: the sender's right has ended. */
export async function handOverFile(
  tools: FileSpoolTools,
  id: string,
  sender: Sender,
  form?: FileForm,
): Promise<void> {
  const bytes = await tools.blobs.size(id);
  if (bytes === null) return;
  await tools.blobs.sync(id);
  await tools.db.transaction().execute(async (trx) => {
    if (!(await maySend(trx, sender, tools.now()))) throw tokenEnded(sender.keyId !== undefined);
    if (!(await setReceived(trx, { id, bytes, now: tools.now(), ...(form && { form }) }))) return;
    await tools.jobs.enqueue(trx, OPEN_FILE_QUEUE, { fileId: id }, { key: id, group: sender.accountId });
  });
}

/**
 * The body of a request; it ends where the connection was cut (intake/cut-body.ts). `form`: call it once the whole body
 * has come. @throws Problem: the body has another form.
 */
export type RequestBody = AsyncIterable<Uint8Array> & { isCut(): boolean };
export type FormedBody = RequestBody & { form(): FileForm };

/** How often the free room is checked for a body of unannounced length. */
const LOOK_EVERY_BYTES = 16 * 1024 ** 2;

/**
 * Stores the body of a request as a file, and hands it over. @throws Problem like `createFile`; `bad-request` where the
 * connection was cut or the length is not the announced one. In either case nothing is kept.
 */
export async function receiveBody(
  tools: FileSpoolTools,
  announced: Omit<NewFile, 'id' | 'wrapped_key'>,
  body: FormedBody,
  sender: Sender,
): Promise<string> {
  const file = await createFile(tools, announced);
  try {
    const pieces = withinRoom(tools, file, body);
    const bytes = await tools.blobs.append(file.id, fileKey(tools, file), 0, pieces);
    if (body.isCut() || bytes !== (announced.bytes ?? bytes) || bytes === 0) throw new Problem('bad-request');
    await handOverFile(tools, file.id, sender, body.form());
  } catch (error) {
    await removeUnfinishedFile(tools, file);
    throw error instanceof StorageFull ? new Problem('storage-full') : error;
  }
  return file.id;
}

async function* withinRoom(
  tools: FileSpoolTools,
  { id, account_id, bytes: announced }: Pick<NewFile, 'id' | 'account_id' | 'bytes'>,
  body: RequestBody,
): AsyncGenerator<Uint8Array> {
  const limit = announced ?? FILE_BYTES_LIMIT;
  // Noted before the check, so that two bodies do not count the same free room.
  const look = async (bytes: number): Promise<void> => {
    await setCame(tools.db, id, bytes);
    await checkAnnounced(tools, account_id, 0);
  };
  let came = 0;
  let looked = 0;
  for await (const piece of body) {
    came += piece.length;
    if (came > limit) throw new Problem(announced === null ? 'body-too-large' : 'bad-request');
    if (announced === null && came - looked >= LOOK_EVERY_BYTES) {
      await look(came);
      looked = came;
    }
    yield piece;
  }
  // The bytes that came after the last check.
  if (announced === null) await look(came);
}

/** Removes a file that was not received completely. */
export async function removeUnfinishedFile(
  tools: FileSpoolTools,
  file: Pick<SentFile, 'id' | 'wrapped_key'>,
): Promise<void> {
  if (!(await deleteUnopened(tools.db, file.id))) return;
  await destroyFile(tools, file);
}

/** Destroys the file's bytes for ever. */
export async function destroyFile(
  { blobs, keys }: Pick<FileSpoolTools, 'blobs' | 'keys'>,
  { id, wrapped_key }: Pick<SentFile, 'id' | 'wrapped_key'>,
): Promise<void> {
  if (wrapped_key !== null) await keys.destroy(wrapped_key);
  await blobs.remove(id);
}

/** Removes expired files, and bytes that no row names. A row is always made before its bytes. */
export async function sweepFiles(tools: FileSpoolTools): Promise<void> {
  const blobs = await tools.blobs.ids();
  await expireFiles(tools.db, tools.now());
  const kept = await keptFiles(tools.db);
  await tools.keys.sweep([...kept.values()]);
  for (const id of blobs) if (!kept.has(id)) await tools.blobs.remove(id);
}
