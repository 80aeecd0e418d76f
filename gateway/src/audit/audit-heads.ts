/**
 * Keeps heads of the audit trail outside the database: signs one at intervals, into a file of their own in the
 * data directory, and ships them to RELAY_AUDIT_URL where that is set. Whatever the database's owner does to a
 * row is found up to the last head (verify-audit.ts).
 */
import { join } from 'node:path';
import { sql } from 'kysely';
import type { AuditHead } from '#shared/protocol/audit-head.ts';
import { defaultSiteId } from '../auth/account.store.ts';
import type { Db } from '../database/database.ts';
import type { Keys } from '../keys.ts';
import { describeError, type Log } from '../observability/log.ts';
import { recordAudit } from './audit.ts';
import { openHeadFile, type HeadFile } from './head-file.ts';
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
  all(): Promise<readonly string[]>;
  /** The last row whose head was shipped. */
  shipped(): Promise<number | null>;
  read(jws: string): Promise<AuditHead | null>;
};

export type AuditHeadTools = {
  readonly db: Db;
  readonly dataDir: string;
  readonly auditUrl: URL | null;
  readonly publicUrl: string;
  readonly keys: Pick<Keys, 'audit' | 'auditKey'>;
  readonly log: Log;
  readonly now: () => Date;
};

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
    place: tools.auditUrl === null ? null : openHeadPlace(tools.auditUrl),
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
  return (await place?.last(signal).catch(() => null)) ?? sent.last();
}

async function allHeads(parts: Parts): Promise<readonly string[]> {
  const ours = await parts.file.read();
  if (parts.place === null) return ours;
  const there = parts.place.read();
  if (there === null) {
    const last = await lastShipped(parts);
    return last === null || (await headsAfter(ours, last, parts.read)) !== null ? ours : [...ours, last];
  }
  const shipped = await there.catch(() => []);
  const known = new Set(shipped);
  return [...shipped, ...ours.slice(ours.findLastIndex((head) => known.has(head)) + 1)];
}

async function append(parts: Parts, head: Omit<AuditHead, 'iss' | 'at'>): Promise<void> {
  const { file, keys, publicUrl, now } = parts;
  await file.append([await signHead({ iss: publicUrl, at: now().toISOString(), ...head }, keys.audit)]);
}

/**
 * One gateway at a time reads the last head and appends the next: two that follow the same one would look like a
 * file that was changed. Nothing outside this machine is asked meanwhile.
 */
function alone(db: Db, work: () => Promise<void>): Promise<void> {
  return db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtext('audit heads'))`.execute(trx);
    await work();
  });
}

async function link(parts: Parts): Promise<void> {
  const { db, file, place } = parts;
  // Of a whole data directory that was put back, the place outside knows the newest head.
  const shipped = place === null ? null : await lastShipped(parts);
  await alone(db, async () => {
    const newest = await newestOf([await file.last(), shipped], parts.read);
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
    const last = await file.last();
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
  const unsent = await headsAfter(await file.read(), await lastShipped(parts, signal), parts.read);
  if (unsent === null) return log({ event: 'audit-heads-changed' });
  if (unsent.length === 0) return;
  await place.send(unsent, signal);
  await sent.append(unsent.slice(-1));
}

/**
 * The heads that follow the last shipped one. Where this data directory was put back to an older state, that one
 * is not here: the first to follow it is the one that names it. Null: none does, so heads are missing here, and
 * others of ours must not take their place outside.
 */
async function headsAfter(
  heads: readonly string[],
  last: string | null,
  read: Parts['read'],
): Promise<readonly string[] | null> {
  if (last === null) return heads;
  const at = heads.lastIndexOf(last);
  if (at >= 0) return heads.slice(at + 1);
  const hash = hashOfHead(last);
  for (let index = heads.length - 1; index >= 0; index -= 1)
    if ((await read(heads[index]!))?.previous === hash) return heads.slice(index);
  return null;
}
