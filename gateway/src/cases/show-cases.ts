/** Cases in the form in which a reader sees them: decrypted, and without the parts that are withheld. */
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { CASE_PRIORITIES, type Case, type CasePart, type ListedCase } from '#shared/protocol/cases.ts';
import type { Db } from '../database/database.ts';
import { findingOf, studiesOf } from './case-facts.ts';
import type { CaseReader } from '../findings/case-rights.ts';
import { pseudonymOf, type CaseSeal } from './case-seal.ts';
import { usernamesOf, type CaseRow } from './case.store.ts';

const textSchema = z.object({ title: z.string(), tags: z.array(z.string()) });
/** The text that is sealed in the row of the case. */
export type CaseText = z.infer<typeof textSchema>;
export const TEXT_PLACE = 'case';

/** After this many cases other work gets its turn, since the key of each is read from a file. */
const CASES_A_TURN = 20;

type ShowTools = { readonly db: Db; readonly seal: CaseSeal };
/** The reader, and the parts that are withheld from them. */
export type Shown = { readonly reader: CaseReader; readonly withheld: readonly CasePart[] };

/** Null: the key is gone, or the text was sealed for another place. */
export function openText({ id, wrapped_key, sealed }: CaseRow, seal: CaseSeal): CaseText | null {
  const text = seal.cipherOf(id, wrapped_key)?.open(TEXT_PLACE, sealed) ?? null;
  return text === null ? null : textSchema.parse(JSON.parse(text.toString('utf8')));
}

/** Cases in the order of the rows. */
export async function showCases(
  { db, seal }: ShowTools,
  { reader, withheld }: Shown,
  rows: readonly CaseRow[],
): Promise<Omit<Case, 'withheld'>[]> {
  const ids = rows.map(({ id }) => id);
  const studies = await studiesOf(db, reader, ids);
  const people = rows.flatMap((row) => [row.created_by, row.assignee_id ?? []].flat());
  const names = withheld.includes('people') ? new Map() : await usernamesOf(db, [...new Set(people)]);
  const cases: Omit<Case, 'withheld'>[] = [];
  for (const row of rows) {
    if (cases.length % CASES_A_TURN === CASES_A_TURN - 1) await setImmediate();
    const text = withheld.includes('title') ? null : openText(row, seal);
    const assignee = row.assignee_id !== null && names.get(row.assignee_id);
    const of = studies.get(row.id) ?? [];
    cases.push({
      ...bareOf(row),
      title: text?.title ?? null,
      tags: text?.tags ?? null,
      assignee: assignee ? { id: row.assignee_id!, username: assignee } : null,
      createdBy: names.get(row.created_by) ?? null,
      modalities: [...new Set(of.flatMap(({ modalities }) => modalities))],
      studyCount: of.length,
      isEarly: of.some(({ isEarly }) => isEarly),
      finding: findingOf(of),
      studies: of,
    });
  }
  return cases;
}

/** The fields that everybody who sees the case may see. */
function bareOf(row: CaseRow) {
  return {
    id: row.id,
    number: row.number,
    version: row.version,
    status: row.status,
    priority: CASE_PRIORITIES[row.priority] ?? 'routine',
    dueOn: row.due_on,
    pseudonym: row.patient_print === null ? null : pseudonymOf(row.patient_print),
    expects: row.expects,
    createdAt: row.created_at.toISOString(),
    changedAt: row.changed_at.toISOString(),
    closedAt: row.closed_at?.toISOString() ?? null,
  } satisfies Partial<ListedCase>;
}
