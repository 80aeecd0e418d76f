/**
 * Keeps heads of the audit trail outside the database: signs one at intervals, into a file of their own in the
 * data directory, and ships them to RELAY_AUDIT_URL where that is set. Whatever the database's owner does to a
 * row is found up to the last head (verify-audit.ts).
 */
import type { BlockList } from 'node:net';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { AuditHead } from '#shared/protocol/audit-head.ts';
import { defaultSiteId } from '../database/default-site.ts';
import type { Db } from '../database/database.ts';
import type { Keys } from '../keys.ts';
import { describeError, type Log } from '../observability/log.ts';
import { recordAudit } from './audit.ts';
import { openHeadFile, type HeadFile, type PlacedHead } from './head-file.ts';
import { openHeadPlace, type HeadPlace } from './ship-heads.ts';
import { hashOfHead, readHead, signHead } from './sign-head.ts';

export type AuditHeads = {
  /**
   * Before the first row of this start: where the database ends before the last head, it was put back to an
   * older state. The trail then says so in a row and a head of its own, and continues from there.
   */
  link(): Promise<void>;
  /** Signs the newest row where it is newer than the last head. Asks nobody outside. */
  sign(): Promise<void>;
  /** Signs, and ships what is not shipped; `signal` ends the waiting for the place outside. */
  advance(signal?: AbortSignal): Promise<void>;
  /**
   * Every head, the oldest first: those of the place outside where it can be read, and then ours. Of a place that
   * tells only its last head, that one comes at the end if ours do not lead to it: they were changed.
   */
  all(): AsyncIterable<string>;
  /** So many of them. `after`: the `next` of the page before, 0 for the first one. */
  page(after: number, limit: number): Promise<HeadPage>;
  /** The last row whose head was shipped. */
  shipped(): Promise<number | null>;
  read(jws: string): Promise<AuditHead | null>;
};

/** `next`: null where it is the last page. */
type HeadPage = { readonly heads: readonly string[]; readonly next: number | null };

export type AuditHeadTools = {
  readonly db: Db;
  readonly dataDir: string;
  readonly auditUrl: URL | null;
  /** Addresses that are not connected to. */
  readonly blocked: BlockList;
  readonly publicUrl: string;
  readonly keys: Pick<Keys, 'audit' | 'auditKey'>;
  readonly log: Log;
  readonly now: () => Date;
};

/** To a place that has none: the heads of years. */
const SHIPPED_AT_ONCE = 1000;

type Parts = AuditHeadTools & {
  readonly file: HeadFile;
  /** The last head that was shipped. */
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
  };
}

const newestRow = (db: Db) =>
  db.selectFrom('audit').select(['seq', 'hash']).orderBy('seq', 'desc').limit(1).executeTakeFirst();

/** The place may not answer; what was shipped last is known here as well. */
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
 * Reads both files as one: the heads that were shipped, and ours that follow them. Each head keeps its place in
 * that when it is shipped.
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

/** Where ours end, if the last of them was shipped: an older state that was put back. 0: ours lead elsewhere. */
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
 * Gateways take turns at reading the last head and appending the next: two heads that follow the same one would
 * look like a file that was changed. Nothing outside this machine is asked meanwhile.
 */
function alone(db: Db, work: () => Promise<void>): Promise<void> {
  return db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtext('audit heads'))`.execute(trx);
    await work();
  });
}

async function link(parts: Parts): Promise<void> {
  const { db, file, place } = parts;
  // After a whole data directory was restored, the place outside knows the newest head.
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

/** The database ends at row `to`, before the newest head. */
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
    // A head that is not ours is left for verify to find.
    const previous = last === null ? null : hashOfHead(last);
    if (row !== undefined && row.seq > (before?.seq ?? 0)) await append(parts, { ...row, previous });
    else if (before !== null && (row?.seq ?? 0) < before.seq)
      log({ event: 'audit-cut', rows: row?.seq ?? 0, signed: before.seq });
  });
}

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
 * Where our heads continue after the last shipped one, which is near their end. Where this data directory was put
 * back to an older state, that one is not here: the first to follow it is the one that names it. Null: none does, so
 * heads are missing here, and others of ours must not take their place outside.
 */
async function endOfShipped({ file, read }: Parts, last: string): Promise<number | null> {
  for await (const { jws, end } of file.newestFirst()) if (jws === last) return end;
  const hash = hashOfHead(last);
  for await (const { jws, start } of file.newestFirst())
    if ((await read(jws))?.previous === hash) return start;
  return null;
}
