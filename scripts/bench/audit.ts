/**
 * `npm run bench -- audit`: a million rows of the audit trail, with a signed head for every 300, verified in one pass
 * by the gateway's own code against a real PostgreSQL. The longest block of the event loop is shown beside the seconds,
 * because the gateway must answer others meanwhile. Then the newest 50 events are found by each kind of filter.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventsOfKind } from '#shared/protocol/audit-events.ts';
import { GENESIS, hashOfRow } from '../../gateway/src/audit/audit.ts';
import { type AuditFilter, findEvents } from '../../gateway/src/audit/find-events.ts';
import { openAuditHeads } from '../../gateway/src/audit/audit-heads.ts';
import { openHeadFile } from '../../gateway/src/audit/head-file.ts';
import { hashOfHead, signHead } from '../../gateway/src/audit/sign-head.ts';
import { verifyAudit } from '../../gateway/src/audit/verify-audit.ts';
import { type Db, openDatabase } from '../../gateway/src/database/database.ts';
import { openKeys } from '../../gateway/src/keys.ts';
import { LINK_LOCAL } from '../../gateway/src/refuse-link-local.ts';
import { sql } from 'kysely';
import { startPostgres } from '../system/postgres.ts';
import type { BenchRow } from './row.ts';

const ROWS = 1_000_000;
const AT_ONCE = 5_000;
const HEAD_EVERY = 300;

const EVENTS = eventsOfKind('studies');
const PEOPLE = Array.from({ length: 30 }, () => randomUUID());
/** The number of one rare event near the beginning: no other is of its kind or by its account. */
const RARE = 1_000;

type Signer = (seq: number, hash: string) => Promise<void>;

async function fill(db: Db, sign: Signer): Promise<void> {
  const { id: site_id } = await db.selectFrom('site').select('id').executeTakeFirstOrThrow();
  let previous_hash = GENESIS;
  for (let from = 1; from <= ROWS; from += AT_ONCE) {
    const rows = [];
    for (let seq = from; seq < from + AT_ONCE; seq += 1) {
      const by = PEOPLE[seq === RARE ? 0 : 1 + (seq % (PEOPLE.length - 1))];
      const fields = {
        studyId: `study-${seq}`,
        by,
        instances: seq % 700,
        uids: ['1.2.840.10008.1', '1.2.3'],
      };
      const row = {
        seq,
        site_id,
        at: new Date(seq * 1_000),
        event: seq === RARE ? 'user-added' : EVENTS[seq % EVENTS.length]!,
        fields,
        previous_hash,
      };
      previous_hash = hashOfRow(row);
      rows.push({ ...row, fields: JSON.stringify(fields), hash: previous_hash });
      if (seq % HEAD_EVERY === 0) await sign(seq, previous_hash);
    }
    await db.insertInto('audit').values(rows).execute();
  }
}

export async function benchAudit(say: (line: string) => void): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-bench-audit-'));
  const postgres = await startPostgres();
  const database = await openDatabase({ kind: 'server', url: postgres.url });
  const { db } = database;
  try {
    const keys = openKeys(join(folder, 'keys'));
    const now = (): Date => new Date();
    const publicUrl = 'http://localhost:3000';
    const heads = openAuditHeads({
      ...{ db, dataDir: folder, auditUrl: null, blocked: LINK_LOCAL, publicUrl, keys, now },
      log: () => undefined,
    });
    const signed: string[] = [];
    say(`filling ${ROWS} rows …`);
    await fill(db, async (seq, hash) => {
      const last = signed.at(-1);
      const previous = last === undefined ? null : hashOfHead(last);
      signed.push(
        await signHead({ iss: publicUrl, at: now().toISOString(), seq, hash, previous }, keys.audit),
      );
    });
    await openHeadFile(join(folder, 'audit', 'heads.jws')).append(signed);
    say('verifying …');
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const began = performance.now();
    const verdict = await verifyAudit(db, heads);
    const seconds = (performance.now() - began) / 1_000;
    delay.disable();
    const longestMs = Math.round(delay.max / 1e6);
    const rssMb = Math.round(process.memoryUsage().rss / 1024 ** 2);
    return [
      {
        name: 'audit-verify',
        seconds: Number(seconds.toFixed(1)),
        rows: ROWS,
        kind: verdict.kind,
        longestMs,
        rssMb,
      },
      ...(await benchFinding(db)),
    ];
  } finally {
    await database.close();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The longest time for the first page and for one from the middle, each read five times. */
async function benchFinding(db: Db): Promise<BenchRow[]> {
  const { id: siteId } = await db.selectFrom('site').select('id').executeTakeFirstOrThrow();
  await sql`analyze audit`.execute(db);
  const filters: Record<string, Omit<AuditFilter, 'siteId'>> = {
    everything: {},
    'a kind': { kind: 'studies' },
    'a rare kind': { kind: 'accounts' },
    'a person': { person: PEOPLE[1]! },
    'a rare person': { person: PEOPLE[0]! },
    'a person and a rare kind': { person: PEOPLE[1]!, kind: 'accounts' },
    'an early period': { until: new Date((ROWS / 10) * 1_000) },
  };
  const middle = { at: new Date((ROWS / 2) * 1_000), seq: ROWS / 2 };
  const rows: BenchRow[] = [];
  for (const [name, filter] of Object.entries(filters)) {
    let slowestMs = 0;
    for (let nth = 0; nth < 10; nth += 1) {
      const began = performance.now();
      await findEvents(db, { siteId, ...filter }, nth % 2 === 0 ? null : middle, 50);
      slowestMs = Math.max(slowestMs, performance.now() - began);
    }
    rows.push({ name: `audit-find: ${name}`, slowestMs: Math.round(slowestMs) });
  }
  return rows;
}
