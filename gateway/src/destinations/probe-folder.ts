/**
 * *Test* for a folder: checks that the folder can be used, and that the studies waiting for somebody to correct it can
 * be stored now.
 */
import type { Db } from '../database/database.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';

/** How many studies are checked at most: those that have waited longest. */
const LOOKED_FOR = 20;

/**
 * Throws PacsUnreachable. A symbolic link that blocks a single study lies in that study's folder, so each study is
 * checked.
 */
export async function probeFolder(
  db: Db,
  pacs: Pick<Pacs, 'probe' | 'findStudy'>,
  destinationId: string,
  signal: AbortSignal,
): Promise<void> {
  await pacs.probe(signal);
  const waiting = await db
    .selectFrom('study')
    .select('study_instance_uid')
    .where('destination_id', '=', destinationId)
    .where('waiting_because', '=', 'pacs-settings-wrong')
    .orderBy('waiting_since')
    .limit(LOOKED_FOR)
    .execute();
  for (const study of waiting) await pacs.findStudy(study.study_instance_uid, signal);
}
