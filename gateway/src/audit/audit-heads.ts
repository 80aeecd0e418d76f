/**
 * Keeps signed heads of the audit trail outside the database. It signs a head at intervals, appends it to a file in
 * the data directory, and sends it to RELAY_AUDIT_URL if that is set. Any change that the database's owner makes to a
 * row up to the last head can then be detected (verify-audit.ts).
 */
import type { BlockList } from 'node:net';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { AuditHead } from '#shared/protocol/audit-head.ts';
import { defaultSiteId } from '../database/default-site.ts';
import type { Db } from '../database/database.ts';
import type { Keys } from '../keys.ts';
import { describeError, type Log } from '../observability/log.ts';
import { type ChainedRow, recordAudit } from './audit.ts';
import { type Archived, archivedRows } from './archive-audit.ts';
import { openHeadFile, type HeadFile, type PlacedHead } from './head-file.ts';
import { openHeadPlace, type HeadPlace } from './ship-heads.ts';
import { hashOfHead, readHead, signHead } from './sign-head.ts';

export type AuditHeads = {
  /**
   * Call it before the first row of this start. If the database ends before the last head, it was restored to an
   * older state. The trail then records this in a row and a head of its own, and continues from there.
   */
  link(): Promise<void>;
  /** Signs the newest row if it is newer than the last head. Contacts no other machine. */
  sign(): Promise<void>;
  /** Signs, and sends the heads that were not sent yet. `signal` ends the wait for the outside place. */
  advance(signal?: AbortSignal): Promise<void>;
  /**
   * Every head, the oldest first: those of the outside place if it can be read, then ours. If the place tells only
   * its last head and ours do not lead to it, ours were changed, and the place's head comes at the end.
   */
  all(): AsyncIterable<string>;
  /** A page of at most `limit` heads. `after`: the `next` of the page before, 0 for the first page. */
  page(after: number, limit: number): Promise<HeadPage>;
  /** The number of the last row whose head was sent outside. */
  shipped(): Promise<number | null>;
  /** The last head that is kept here; null: there is none, or it is not ours. */
  last(): Promise<AuditHead | null>;
  /** The last row that was moved into a file, as signed; 0: none was. */
  archivedTo(): Promise<number>;
  /** Signs, before they are removed, that rows up to this one were moved. */
  signArchived(to: number): Promise<void>;
  /** Rows that were moved out of the database, in order. */
  archived(which: Archived): AsyncIterable<ChainedRow>;
  read(jws: string): Promise<AuditHead | null>;
};

/** `next`: null on the last page. */
type HeadPage = { readonly heads: readonly string[]; readonly next: number | null };

export type AuditHeadTools = {
  readonly db: Db;
  readonly dataDir: string;
  readonly auditUrl: URL | null;
  /** Addresses to which the gateway does not connect. */
  readonly blocked: BlockList;
  readonly publicUrl: string;
  readonly keys: Pick<Keys, 'audit' | 'auditKey'>;
  readonly log: Log;
  readonly now: () => Date;
};

/** Heads in one request: a place that is still empty gets the heads of years. */
const SHIPPED_AT_ONCE = 1000;

type Parts = AuditHeadTools & {
  readonly file: HeadFile;
  /** The file with the last head that was sent. */
  readonly sent: HeadFile;
  readonly place: HeadPlace | null;
  readonly read: (jws: string) => Promise<AuditHead | null>;
};

export function openAuditHeads(tools: AuditHeadTools): AuditHeads {
  const folder = join(tools.dataDir, 'audit');
  const parts: Parts = {
    ...tools,
    file: openHeadFile(join(folder, 'heads.jws')),
    sent: openHeadFile(join(folder, 'shipped.jws')),
    place: tools.auditUrl === null ? null : openHeadPlace(tools.auditUrl, tools.blocked),
    read: (jws) => readHead(jws, (kid) => tools.keys.auditKey(kid)?.publicKey),
  };
  return {
    link: () => link(parts),
    sign: () => sign(parts),
    async advance(signal) {
      await sign(parts);
      await ship(parts, signal).catch((error: unknown) => {
        parts.log({ event: 'audit-not-shipped', ...describeError(error) });
      });
    },
    all: () => allHeads(parts),
    page: (after, limit) => pageOf(parts, after, limit),
    async shipped() {
      if (parts.place === null) return null;
      const last = (await lastShipped(parts)) ?? '';
      return (await parts.read(last))?.seq ?? null;
    },
    read: parts.read,
    last: async () => parts.read((await parts.file.last())?.jws ?? ''),
    archivedTo: () => archivedTo(parts),
    signArchived: (to) => signArchived(parts, to),
    archived: (which) => archivedRows(tools.dataDir, which),
  };
}

const newestRow = (db: Db) =>
  db.selectFrom('audit').select(['seq', 'hash']).orderBy('seq', 'desc').limit(1).executeTakeFirst();

/** The last head that was sent. The place may not answer, so it is recorded here too. */
async function lastShipped({ place, sent }: Parts, signal?: AbortSignal): Promise<string | null> {
  return (await place?.last(signal).catch(() => null)) ?? (await sent.last())?.jws ?? null;
}

async function* allHeads(parts: Parts): AsyncGenerator<string> {
  for await (const { jws } of placedHeads(parts, 0)) yield jws;
  if (parts.place === null || parts.place.file !== null) return;
  const last = await lastShipped(parts);
  if (last !== null && (await endOfShipped(parts, last)) === null) yield last;
}

/**
 * Reads both files as one: the heads that were sent, then ours that follow them. A head keeps its position in this
 * sequence when it is sent.
 */
async function* placedHeads(parts: Parts, from: number): AsyncGenerator<PlacedHead> {
  const there = parts.place?.file ?? null;
  const last = (await there?.last().catch(() => null)) ?? null;
  const passed = last?.end ?? 0;
  if (there !== null && from < passed) yield* there.oldestFirst(from, passed);
  const begin =
    last === null || there === null
      ? 0
      : ((await endOfShipped(parts, last.jws)) ?? (await endOfKnown(parts.file, there)));
  const shift = passed - begin;
  for await (const { jws, start, end } of parts.file.oldestFirst(Math.max(begin, from - shift)))
    yield { jws, start: start + shift, end: end + shift };
}

/**
 * The end of our file if its last head was sent, which means that our file was restored to an older state. 0: its
 * last head was not sent.
 */
async function endOfKnown(ours: HeadFile, there: HeadFile): Promise<number> {
  const last = await ours.last();
  for await (const { jws } of there.newestFirst()) if (jws === last?.jws) return last.end;
  return 0;
}

async function pageOf(parts: Parts, after: number, limit: number): Promise<HeadPage> {
  const heads: string[] = [];
  for await (const { jws, end } of placedHeads(parts, after)) {
    heads.push(jws);
    if (heads.length === limit) return { heads, next: end };
  }
  return { heads, next: null };
}

async function append(parts: Parts, head: Omit<AuditHead, 'iss' | 'at'>): Promise<void> {
  const { file, keys, publicUrl, now } = parts;
  await file.append([await signHead({ iss: publicUrl, at: now().toISOString(), ...head }, keys.audit)]);
}

/**
 * Makes gateways take turns at reading the last head and appending the next one. Two heads that follow the same one
 * would look as if the file had been changed. No other machine is contacted meanwhile.
 */
function alone(db: Db, work: () => Promise<void>): Promise<void> {
  return db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtext('audit heads'))`.execute(trx);
    await work();
  });
}

async function link(parts: Parts): Promise<void> {
  const { db, file, place } = parts;
  // If the whole data directory was restored, only the outside place has the newest head.
  const shipped = place === null ? null : await lastShipped(parts);
  await alone(db, async () => {
    const newest = await newestOf([(await file.last())?.jws ?? null, shipped], parts.read);
    const to = (await newestRow(db))?.seq ?? 0;
    if (newest !== null && newest.head.seq > to) await restore(parts, newest, to);
  });
}

type Signed = { readonly jws: string; readonly head: AuditHead };

async function newestOf(known: readonly (string | null)[], read: Parts['read']): Promise<Signed | null> {
  let newest: Signed | null = null;
  for (const jws of known) {
    const head = jws === null ? null : await read(jws);
    if (jws !== null && head !== null && head.seq > (newest?.head.seq ?? 0)) newest = { jws, head };
  }
  return newest;
}

/** Records that the database was restored: it ends at row `to`, before the newest head. */
async function restore(parts: Parts, { jws, head: { seq, hash } }: Signed, to: number): Promise<void> {
  const { db, log, now } = parts;
  await db.transaction().execute(async (trx) => {
    await recordAudit(
      trx,
      await defaultSiteId(trx),
      { event: 'audit-restored', to, lostSeq: seq, lostHash: hash },
      now(),
    );
  });
  const row = await newestRow(db);
  if (row === undefined) return;
  log({ event: 'audit-restored', to, lost: seq - to });
  await append(parts, { ...row, previous: hashOfHead(jws), restored: { to, lost: { seq, hash } } });
}

function sign(parts: Parts): Promise<void> {
  const { db, file, log } = parts;
  return alone(db, async () => {
    const row = await newestRow(db);
    const last = (await file.last())?.jws ?? null;
    const before = last === null ? null : await parts.read(last);
    // A head that we did not sign stays, so that verify can find it.
    const previous = last === null ? null : hashOfHead(last);
    if (row !== undefined && row.seq > (before?.seq ?? 0)) await append(parts, { ...row, previous });
    else if (before !== null && (row?.seq ?? 0) < before.seq)
      log({ event: 'audit-cut', rows: row?.seq ?? 0, signed: before.seq });
  });
}

/** A later head names a later row. */
async function archivedTo({ file, read }: Parts): Promise<number> {
  for await (const { jws } of file.newestFirst()) {
    const head = await read(jws);
    if (head?.archivedTo !== undefined) return head.archivedTo;
  }
  return 0;
}

const signArchived = (parts: Parts, to: number): Promise<void> =>
  alone(parts.db, async () => {
    const jws = (await parts.file.last())?.jws ?? null;
    const last = jws === null ? null : await parts.read(jws);
    if (jws === null || last === null) throw new Error('the last head of the audit trail cannot be read');
    await append(parts, { seq: last.seq, hash: last.hash, previous: hashOfHead(jws), archivedTo: to });
  });

async function ship(parts: Parts, signal?: AbortSignal): Promise<void> {
  const { place, file, sent, log } = parts;
  if (place === null) return;
  const last = await lastShipped(parts, signal);
  const from = last === null ? 0 : await endOfShipped(parts, last);
  if (from === null) return log({ event: 'audit-heads-changed' });
  const send = async (heads: readonly string[]): Promise<void> => {
    await place.send(heads, signal);
    await sent.append(heads.slice(-1));
  };
  let unsent: string[] = [];
  for await (const { jws } of file.oldestFirst(from)) {
    unsent.push(jws);
    if (unsent.length < SHIPPED_AT_ONCE) continue;
    await send(unsent);
    unsent = [];
  }
  if (unsent.length > 0) await send(unsent);
}

/**
 * Where our heads continue after the last one that was sent, which is near the end of our file. If this data
 * directory was restored to an older state, that head is missing here, and the first head to follow is the one that
 * names it. Null: no head names it, so heads are missing here, and ours must not take their place outside.
 */
async function endOfShipped({ file, read }: Parts, last: string): Promise<number | null> {
  for await (const { jws, end } of file.newestFirst()) if (jws === last) return end;
  const hash = hashOfHead(last);
  for await (const { jws, start } of file.newestFirst())
    if ((await read(jws))?.previous === hash) return start;
  return null;
}
