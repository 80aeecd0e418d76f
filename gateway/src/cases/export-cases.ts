/** The list of cases as CSV, written page by page as the caller reads it, in constant memory. */
import { Readable } from 'node:stream';
import { recordAudit } from '../audit/audit.ts';
import { BYTE_ORDER_MARK, writeCsv } from '../http/csv.ts';
import { cellsOf, columnsFor } from './case-csv.ts';
import { isKeeper } from '../findings/case-rights.ts';
import { readingsOfCases, UNREAD } from '../findings/compare-outcomes.ts';
import type { CaseTools } from './case-tools.ts';
import { countCases, listCases, type CaseQuery, type CaseQuestion } from './list-cases.ts';
import { showCases, type Shown } from './show-cases.ts';

const PAGE = 200;

export const CSV_HEADERS = {
  'Content-Type': 'text/csv; charset=utf-8; header=present',
  // The file name does not mention the filter, which may be a UID.
  'Content-Disposition': 'attachment; filename="cases.csv"',
  'X-Content-Type-Options': 'nosniff',
};

/**
 * Exports cases in the order of their numbers, which never change, so a case that changes during the export appears
 * once. The audit event is recorded before the first byte.
 */
export async function exportCases(
  tools: CaseTools,
  shown: Shown,
  question: CaseQuestion,
): Promise<ReadableStream<Uint8Array>> {
  const { db, now } = tools;
  const { reader, withheld } = shown;
  const cases = await countCases(db, reader, question);
  const event = { event: 'cases-exported', by: reader.id, cases, withheld } as const;
  await db.transaction().execute((trx) => recordAudit(trx, reader.siteId, event, now()));
  const pages = Readable.from(toBytes(writePages(tools, shown, question)));
  return Readable.toWeb(pages) as ReadableStream<Uint8Array>;
}

async function* writePages(tools: CaseTools, shown: Shown, question: CaseQuestion): AsyncGenerator<string> {
  const columns = columnsFor(shown.withheld, isKeeper(shown.reader));
  yield BYTE_ORDER_MARK + writeCsv([columns]);
  for (let after: CaseQuery['after']; ; ) {
    const query: CaseQuery = { ...question, sort: 'oldest', limit: PAGE, after };
    const { rows, more } = await listCases(tools.db, shown.reader, query);
    const cases = await showCases(tools, shown, rows);
    const readings = await readingsOfCases(
      tools.db,
      shown.reader,
      cases.map(({ id }) => id),
    );
    if (cases.length > 0)
      yield writeCsv(cases.map((of) => cellsOf(columns, { ...of, ...(readings.get(of.id) ?? UNREAD) })));
    if (!more) return;
    after = { value: '', number: rows.at(-1)!.number };
  }
}

async function* toBytes(text: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const part of text) yield encoder.encode(part);
}
