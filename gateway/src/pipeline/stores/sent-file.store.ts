/**
 * Files that other clients send as they lie on their disks, and what became of each instance in them. A file is opened
 * once it is complete. From then on its instances belong to uploads like any other, and its row names the uploads.
 */
import { sql, type Selectable } from 'kysely';
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import type { Db, Trx } from '../../database/database.ts';
import type { SentFileTable } from '../../database/foreign-tables.ts';
import type { UploadOwner } from './upload-owner.ts';

/** The header that names the policy under which a file, or a store request, was taken. */
export const POLICY_HEADER = 'Relay-Policy';

/**
 * A single instance, an archive, the body of a STOW-RS request, or what came in a DIMSE association.
 * `studyInstanceUID`: the only study that the request may contain.
 */
export type FileForm =
  | { readonly kind: 'instance' }
  | { readonly kind: 'archive' }
  | { readonly kind: 'association' }
  | {
      readonly kind: 'parts';
      readonly parts: readonly BodyPart[];
      readonly studyInstanceUID: string | null;
    };

/** Offset and length in the body, whether its type is that of an instance, and its SHA-256 if it was computed. */
export type BodyPart = readonly [offset: number, length: number, isInstance: boolean, digest?: string];

/**
 * Makes the UUID a version 8 (RFC 9562 §5.8), so that the id alone tells a file from a parcel, without a query to the
 * database. A query would delay reading the body that comes with the request.
 */
export const toFileId = (uuid: string): string => `${uuid.slice(0, 14)}8${uuid.slice(15)}`;
export const isFileId = (id: string): boolean =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(id);

/** The queue of jobs that open a file (`gateway/src/foreign`). */
export const OPEN_FILE_QUEUE = 'open-file';
export type OpenFileJob = { readonly fileId: string };

/**
 * An instance of the file; `entry` is its position in the file, counted from 1. `sent`: the instance is on its way, in
 * `upload`. The UIDs of other entries are those under which they would be sent.
 */
export type FileEntry = { readonly entry: number } & (
  | {
      readonly state: 'sent';
      readonly upload: string;
      readonly sopInstanceUID: string;
      readonly digest: string;
    }
  | {
      readonly state: 'quarantined' | 'refused' | 'skipped' | 'conflict';
      readonly reason: ReasonCode;
      readonly sopInstanceUID?: string | undefined;
      readonly sopClassUID?: string | undefined;
      /** Where a conflict is listed among the instances of an upload. */
      readonly upload?: string | undefined;
      readonly digest?: string | undefined;
    }
);

export type SentFile = Omit<Selectable<SentFileTable>, 'form' | 'entries' | 'bytes'> & {
  readonly form: FileForm;
  readonly entries: readonly FileEntry[];
  readonly bytes: number | null;
};

/** File ids are unique to this store and differ from every parcel's id. Files lie in a folder of their own. */
export type NewFile = Pick<
  SentFile,
  | 'id'
  | 'site_id'
  | 'account_id'
  | 'device_id'
  | 'key_id'
  | 'form'
  | 'policy_name'
  | 'policy_version'
  | 'reason'
  | 'bytes'
  | 'wrapped_key'
  | 'expires_at'
> & { readonly peer_id?: string; readonly ae_title?: string };

export async function insertFile(db: Db, { form, ...file }: NewFile): Promise<void> {
  await db
    .insertInto('sent_file')
    .values({ ...file, form: JSON.stringify(form), state: 'receiving', problem: null })
    .execute();
}

/** `owner` null: no matter whose file it is. */
export async function findFile(db: Db, id: string, owner: UploadOwner | null): Promise<SentFile | undefined> {
  let query = db.selectFrom('sent_file').selectAll().where('id', '=', id);
  if (owner !== null) query = query.where('account_id', '=', owner.accountId);
  if (owner !== null && owner.deviceId !== null) query = query.where('device_id', '=', owner.deviceId);
  const row = await query.executeTakeFirst();
  return row && toFile(row);
}

function toFile(row: Selectable<SentFileTable>): SentFile {
  return {
    ...row,
    bytes: row.bytes === null ? null : Number(row.bytes),
    form: row.form as FileForm,
    entries: row.entries as FileEntry[],
  };
}

/**
 * Returns whether the file was still being received. Its time starts again, so that it is opened even if that has to
 * wait. `form`: given where it is known only now.
 */
export async function setReceived(
  trx: Trx,
  {
    id,
    bytes,
    now,
    form,
  }: Pick<SentFile, 'id'> & { readonly bytes: number; readonly now: Date; readonly form?: FileForm },
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('sent_file')
    .$if(form !== undefined, (query) => query.set({ form: JSON.stringify(form) }))
    .set({ state: 'received', bytes, expires_at: sql`${now}::timestamptz + (expires_at - created_at)` })
    .where('id', '=', id)
    .where('state', '=', 'receiving')
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Bytes received of a body of unannounced length count like the announced bytes of other files. */
export async function setCame(db: Db, id: string, bytes: number): Promise<void> {
  await db
    .updateTable('sent_file')
    .set({ bytes })
    .where('id', '=', id)
    .where('state', '=', 'receiving')
    .execute();
}

/** Counts this run; returns how many there were before it. */
export async function countRun(db: Db, id: string): Promise<number> {
  const { runs } = await db
    .updateTable('sent_file')
    .set({ runs: sql<number>`runs + 1` })
    .where('id', '=', id)
    .returning('runs')
    .executeTakeFirstOrThrow();
  return runs - 1;
}

/** Takes the run's count back: it did not end because of the file. */
export async function forgetRun(db: Db, id: string): Promise<void> {
  await db
    .updateTable('sent_file')
    .set({ runs: sql<number>`greatest(runs - 1, 0)` })
    .where('id', '=', id)
    .execute();
}

/** Notes that this entry ended the thread in which it was opened. */
export async function noteFatal(db: Db, id: string, entry: number): Promise<void> {
  await db
    .updateTable('sent_file')
    .set({ fatal: sql<number[]>`array_append(fatal, ${entry}::int)` })
    .where('id', '=', id)
    .execute();
}

/** Counts one more patient of the file towards the account's daily limit. */
export async function notePatient(trx: Db, id: string): Promise<void> {
  await trx
    .updateTable('sent_file')
    .set({ patients: sql<number>`patients + 1` })
    .where('id', '=', id)
    .execute();
}

/**
 * The outcome of the file is known. `keepsBytes`: bytes and key stay for a while. Returns whether the file was still
 * waiting to be opened.
 */
export async function setOpened(
  db: Db,
  id: string,
  {
    entries,
    problem,
    keepsBytes,
  }: Pick<SentFile, 'entries' | 'problem'> & {
    readonly keepsBytes: boolean;
  },
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('sent_file')
    .set({ state: 'opened', entries: JSON.stringify(entries), problem })
    .$if(!keepsBytes, (query) => query.set({ form: '{}', wrapped_key: null }))
    .where('id', '=', id)
    .where('state', '=', 'received')
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Notes the entries known so far, while the file is being opened. */
export async function noteEntries(db: Db, id: string, entries: readonly FileEntry[]): Promise<void> {
  await db
    .updateTable('sent_file')
    .set({ entries: JSON.stringify(entries) })
    .where('id', '=', id)
    .where('state', '=', 'received')
    .execute();
}

/** The file is opened again later. `entries`: the outcome so far, in case that never happens. */
export async function setProblem(
  db: Db,
  id: string,
  { entries, problem }: { readonly entries: readonly FileEntry[]; readonly problem: AnyProblemCode },
): Promise<void> {
  await db
    .updateTable('sent_file')
    .set({ problem, entries: JSON.stringify(entries) })
    .where('id', '=', id)
    .where('state', '=', 'received')
    .execute();
}

/** Deletes a file that is not complete, or that could not be opened so far. Returns whether there was one. */
export async function deleteUnopened(db: Db, id: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('sent_file')
    .where('id', '=', id)
    .where(sql<boolean>`(state = 'receiving' or (state = 'received' and problem is not null))`)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/**
 * Bytes of the files that are here or may come: of all accounts, and of this account. A file that stays while its
 * instances are on their way counts in both sums, but not in `files`.
 */
export async function openFiles(
  db: Db,
  accountId: string,
): Promise<{ readonly all: number; readonly ofAccount: number; readonly files: number }> {
  const row = await db
    .selectFrom('sent_file')
    .select([
      sql<number | string>`coalesce(sum(bytes), 0)`.as('all'),
      sql<number | string>`coalesce(sum(bytes) filter (where account_id = ${accountId}::uuid), 0)`.as(
        'ofAccount',
      ),
      sql<number | string>`count(*) filter (where account_id = ${accountId}::uuid and state <> 'opened')`.as(
        'files',
      ),
    ])
    .where((eb) => eb.or([eb('state', '<>', 'opened'), eb('held_at', 'is not', null)]))
    .executeTakeFirstOrThrow();
  return { all: Number(row.all), ofAccount: Number(row.ofAccount), files: Number(row.files) };
}

/**
 * Ends files whose time is over: unfinished ones are deleted, and the status of those that could never be opened says
 * why. Files from a DIMSE peer are handed over and opened however late, because the peer was told that the instances
 * are stored.
 */
export async function expireFiles(db: Db, now: Date): Promise<void> {
  await db
    .deleteFrom('sent_file')
    .where('state', '=', 'receiving')
    .where('peer_id', 'is', null)
    .where('expires_at', '<', now)
    .execute();
  await db
    .updateTable('sent_file')
    .set({
      state: 'opened',
      problem: sql<AnyProblemCode>`coalesce(problem, 'unexpected')`,
      form: '{}',
      wrapped_key: null,
    })
    .where('state', '=', 'received')
    .where('peer_id', 'is', null)
    .where('expires_at', '<', now)
    .execute();
}

/** The keys of the files whose bytes are here, by the files' ids. */
export async function keptFiles(db: Db): Promise<ReadonlyMap<string, Uint8Array>> {
  const rows = await db
    .selectFrom('sent_file')
    .select(['id', 'wrapped_key'])
    .where('wrapped_key', 'is not', null)
    .execute();
  return new Map(rows.flatMap(({ id, wrapped_key }) => (wrapped_key === null ? [] : [[id, wrapped_key]])));
}
