/** *Test* at a folder: whether it can be used, and whether the studies that wait for somebody to correct it can. */
import type { Db } from '../database/database.ts';
import type { Pacs } from '../ports/pacs/pacs.ts';

/** The most studies that are looked for: those that have waited longest. */
const LOOKED_FOR = 20;

/** Throws PacsUnreachable. A link that stops one study lies where that study lies. */
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
