/** Streams the events that match a filter as CSV, newest first, reading a page whenever the caller needs more. */
import { Readable } from 'node:stream';
import { codedEvent, EVENT_IDS, EVENT_TYPES, outcomeOf, studiesIn } from '#shared/protocol/audit-events.ts';
import type { AuditNames } from '#shared/protocol/audit-page.ts';
import type { Db } from '../database/database.ts';
import { BYTE_ORDER_MARK, writeCsv } from '../http/csv.ts';
import { recordAudit } from './audit.ts';
import { findEvents, type AuditFilter, type AuditPlace, type AuditRow } from './find-events.ts';
import { nameFields } from './name-fields.ts';

const PAGE = 500;

export const CSV_HEADERS = {
  'Content-Type': 'text/csv; charset=utf-8; header=present',
  'Content-Disposition': 'attachment; filename="audit.csv"',
  'X-Content-Type-Options': 'nosniff',
};

const COLUMNS = [
  ...['number', 'time', 'event', 'kind', 'event id', 'event meaning', 'event type', 'action', 'outcome'],
  ...['account', 'account id', 'of account', 'of account id', 'study instance uid', 'case'],
  ...['device', 'device id', 'api key', 'address', 'fields', 'hash'],
];

type Tools = { readonly db: Db; readonly now: () => Date };

/** Saving is itself an event. It is recorded first, and is not included in the file. */
export async function saveEvents(
  { db, now }: Tools,
  filter: AuditFilter,
  by: string,
): Promise<ReadableStream<Uint8Array>> {
  const { siteId, kind, from, until, person, outcome, study, caseId, device } = filter;
  const narrowing = { person, outcome, study, case: caseId, device };
  const narrowedBy = Object.entries(narrowing).flatMap(([name, value]) =>
    value === undefined ? [] : [name],
  );
  const at = now();
  const event = {
    event: 'audit-saved',
    by,
    kind: kind ?? null,
    from: from?.toISOString() ?? null,
    until: until?.toISOString() ?? null,
    narrowedBy,
  } as const;
  const newest = await db
    .selectFrom('audit')
    .select('seq')
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  await db.transaction().execute((trx) => recordAudit(trx, siteId, event, at));
  const pages = Readable.from(toBytes(writePages(db, filter, newest?.seq ?? 0)));
  return Readable.toWeb(pages) as ReadableStream<Uint8Array>;
}

async function* writePages(db: Db, filter: AuditFilter, newest: number): AsyncGenerator<string> {
  yield BYTE_ORDER_MARK + writeCsv([COLUMNS]);
  for (let before: AuditPlace | null = null; ; ) {
    const rows: readonly AuditRow[] = await findEvents(db, filter, before, PAGE);
    const names = await nameFields(db, filter.siteId, rows);
    const written = rows.filter(({ seq }) => seq <= newest);
    if (written.length > 0) yield writeCsv(written.map((row) => cellsOf(row, names)));
    if (rows.length < PAGE) return;
    before = rows.at(-1)!;
  }
}

function cellsOf({ seq, at, event, fields, hash }: AuditRow, names: AuditNames): string[] {
  const text = (name: string): string => (typeof fields[name] === 'string' ? fields[name] : '');
  const coded = codedEvent(event);
  const by = text('by') || text('accountId');
  const whose = text('by') === '' ? '' : text('accountId');
  const type = coded?.type === undefined ? '' : EVENT_TYPES[coded.type].meaning;
  const id = coded === null ? { code: '', meaning: '' } : EVENT_IDS[coded.id];
  return [
    ...[String(seq), at.toISOString(), event, coded?.kind ?? '', id.code, id.meaning, type],
    ...[coded?.action ?? '', String(outcomeOf(event, fields))],
    ...[names.accounts[by] ?? '', by, names.accounts[whose] ?? '', whose],
    ...[studiesIn(fields).join(' '), String(names.cases[text('caseId')] ?? '')],
    ...[names.devices[text('deviceId')] ?? '', text('deviceId')],
    ...[names.keys[text('keyId')] ?? text('keyId'), text('address'), JSON.stringify(fields), hash],
  ];
}

async function* toBytes(text: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const part of text) yield encoder.encode(part);
}
