/** Released rows as the bytes of a file, in the format of the template. */
import type { Role } from '#shared/protocol/api.ts';
import { EXPORTERS } from '#shared/protocol/exports.ts';
import type { CaseReader } from '../cases/case-rights.ts';
import type { Db } from '../database/database.ts';
import { reviewTypes } from '../reviews/review-type.store.ts';
import { placeOfPurpose } from './ask-export.ts';
import type { ExportTools } from './export-tools.ts';
import type { ExportRow } from './export.store.ts';
import type { ReportHead } from './report/report-thread.ts';
import type { ReviewWords } from './report/row-words.ts';
import { writeReport } from './report/write-report.ts';
import type { ReleasedRows } from './source-row.ts';
import { writeTable } from './write-table.ts';

type Asked = { readonly row: ExportRow; readonly by: CaseReader & { readonly username: string } };

export async function* writeFormat(
  tools: ExportTools,
  asked: Asked,
  released: Pick<ReleasedRows, 'columns' | 'rows'>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { format } = asked.row.definition;
  if (format !== 'pdf') return yield* writeTable(format, released);
  const head = await headOf(tools, asked, released);
  yield* writeReport(tools, head, released.rows, signal);
}

async function headOf(
  { db, purposes }: ExportTools,
  { row, by }: Asked,
  { columns }: Pick<ReleasedRows, 'columns'>,
): Promise<ReportHead> {
  const { title, redaction } = row.definition;
  const purpose = purposes.open(placeOfPurpose(row.id), row.sealed_purpose)?.toString('utf8') ?? null;
  const isFull = redaction === 'full';
  const role: Role = EXPORTERS.find((one) => by.roles.includes(one)) ?? 'researcher';
  const made = { at: row.created_at, role, ...(isFull ? { username: by.username, purpose } : NOBODY) };
  const reviews = await reviewWordsOf(db, by.siteId);
  return { title, redaction, columns, reviews, made: redaction === 'anonymous' ? null : made };
}

const NOBODY = { username: null, purpose: null };

/** Of the newest version of each type; an answer to a question that is no longer asked stays as it is. */
async function reviewWordsOf(db: Db, siteId: string): Promise<ReviewWords> {
  const types = await reviewTypes.list(db, siteId);
  return Object.fromEntries(
    types.map(({ name, definition }) => [
      name,
      { title: definition.title, questions: definition.form.properties },
    ]),
  );
}
