/**
 * The file of a DIMSE association. An instance in it counts once the row says so. However the association ended (even
 * if the gateway was killed), the file is handed over with the instances that count, because the sender was told that
 * they are stored. Bytes after the last of them belong to an instance that was cut.
 */
import { sql } from 'kysely';
import { destroyFile, type FileSpoolTools } from './file-spool.ts';
import { OPEN_FILE_QUEUE, setReceived, type SentFile } from '../stores/sent-file.store.ts';

/**
 * `bytes`: the length of everything that counts from now on. Returns whether the file still takes instances: it may
 * have been handed over already.
 */
export async function commitInstances(
  { db, now }: Pick<FileSpoolTools, 'db' | 'now'>,
  id: string,
  bytes: number,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('sent_file')
    .set({ bytes, came_at: now() })
    .where('id', '=', id)
    .where('state', '=', 'receiving')
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

type AssociationFile = Pick<SentFile, 'id' | 'account_id' | 'wrapped_key'>;

/**
 * Hands the file over to be opened. If no instance in it counts, its bytes are destroyed, and its row stays only where
 * it names withheld instances. Repeatable.
 */
export async function handOverAssociation(tools: FileSpoolTools, file: AssociationFile): Promise<void> {
  const { id, account_id: group } = file;
  const isEmpty = await tools.db.transaction().execute(async (trx) => {
    const row = await trx
      .selectFrom('sent_file')
      .select('bytes')
      .where('id', '=', id)
      .where('state', '=', 'receiving')
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined) return false;
    const bytes = Number(row.bytes ?? 0);
    if (bytes === 0) {
      await trx
        .updateTable('sent_file')
        .set({ state: 'opened', form: '{}', wrapped_key: null })
        .where('id', '=', id)
        .execute();
      await trx
        .deleteFrom('sent_file')
        .where('id', '=', id)
        .where(sql<boolean>`not exists (select from withheld_instance where file_id = sent_file.id)`)
        .execute();
      return true;
    }
    await setReceived(trx, { id, bytes, now: tools.now() });
    await tools.jobs.enqueue(trx, OPEN_FILE_QUEUE, { fileId: id }, { key: id, group });
    return false;
  });
  if (isEmpty) await destroyFile(tools, file);
}

/**
 * How long an association may go without another instance before its file is handed over. If the association is still
 * alive, it begins another file.
 */
const SILENT_MS = 600_000;

/** Hands over the files that a killed gateway left behind. */
export async function sweepAssociations(tools: FileSpoolTools): Promise<void> {
  const before = new Date(tools.now().getTime() - SILENT_MS);
  const left = await tools.db
    .selectFrom('sent_file')
    .select(['id', 'account_id', 'wrapped_key'])
    .where('state', '=', 'receiving')
    .where('peer_id', 'is not', null)
    .where((eb) => eb(eb.fn.coalesce('came_at', 'created_at'), '<', before))
    .execute();
  for (const file of left) await handOverAssociation(tools, file);
}
