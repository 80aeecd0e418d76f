/** The notes that a reader may see at present, and the number of hidden ones. */
import type { CaseNotes } from '#shared/protocol/cases.ts';
import type { CaseReader } from '../findings/case-rights.ts';
import { notesOf, type CaseRow } from './case.store.ts';
import type { CaseTools } from './case-tools.ts';
import { placeOfNote } from './change-case.ts';

/** Notes, oldest first. */
export async function shownNotes(
  { db, seal }: Pick<CaseTools, 'db' | 'seal'>,
  reader: CaseReader,
  { id: caseId, wrapped_key }: Pick<CaseRow, 'id' | 'wrapped_key'>,
): Promise<CaseNotes> {
  const cipher = seal.cipherOf(caseId, wrapped_key);
  const rows = await notesOf(db, reader, caseId);
  const shown = rows.filter(({ isHidden }) => !isHidden);
  return {
    notes: shown.map(({ id, kind, sealed, username, at }) => ({
      id,
      kind,
      text: cipher?.open(placeOfNote(id), sealed)?.toString('utf8') ?? null,
      by: username,
      at: at.toISOString(),
    })),
    hidden: rows.length - shown.length,
  };
}
