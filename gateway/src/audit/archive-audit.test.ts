/** Old rows of the audit trail, moved into files: the chain goes on through them, and nothing is lost on the way. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DAY_MS } from '#shared/day.ts';
import type { Database } from '../database/database.ts';
import { defaultSiteId } from '../database/default-site.ts';
import { openKeys } from '../keys.ts';
import { LINK_LOCAL } from '../refuse-link-local.ts';
import { openTestDatabase } from '../testing/open-database.ts';
import { archiveAudit } from './archive-audit.ts';
import { recordAudit } from './audit.ts';
import { openAuditHeads } from './audit-heads.ts';
import { verifyAudit } from './verify-audit.ts';

const test = suite('the archive of the audit trail');
let database: Database;
let dataDir = '';
test.before(async () => {
  database = await openTestDatabase();
});
test.before.each(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'relay-archive-'));
  await database.db.deleteFrom('audit').execute();
});
test.after.each(() => rmSync(dataDir, { recursive: true, force: true }));
test.after(() => database.close());

const NOW = new Date();
const daysAgo = (days: number): Date => new Date(NOW.getTime() - days * DAY_MS);

async function openTrail() {
  const { db } = database;
  const siteId = await defaultSiteId(db);
  const auditHeads = openAuditHeads({
    ...{ db, dataDir, auditUrl: null, blocked: LINK_LOCAL, publicUrl: 'http://localhost:3000' },
    keys: openKeys(join(dataDir, 'keys')),
    log: () => undefined,
    now: () => NOW,
  });
  const tools = { db, dataDir, siteId, auditHeads, now: () => NOW };
  return {
    auditHeads,
    archive: (days: number) => archiveAudit(tools, daysAgo(days), new AbortController().signal),
    verify: () => verifyAudit(db, auditHeads),
    async add(count: number, at: Date): Promise<void> {
      for (let nr = 0; nr < count; nr += 1)
        await db.transaction().execute((trx) => {
          const event = { event: 'login', accountId: randomUUID(), address: '127.0.0.1' } as const;
          return recordAudit(trx, siteId, event, at);
        });
    },
    rows: async () =>
      (await db.selectFrom('audit').select('seq').orderBy('seq').execute()).map(({ seq }) => seq),
    file: () => readdirSync(join(dataDir, 'audit')).find((name) => name.startsWith('rows-'))!,
  };
}

test('moves old rows that a head covers, and the chain is checked through its files', async () => {
  const trail = await openTrail();
  await trail.add(30, daysAgo(40));
  assert.is(await trail.archive(30), 0, 'no head covers them yet');
  await trail.auditHeads.sign();
  await trail.add(5, daysAgo(1));
  assert.is(await trail.archive(30), 30);
  assert.equal(await trail.rows(), [31, 32, 33, 34, 35, 36], 'the last one tells of the archive');
  const verdict = await trail.verify();
  assert.is(verdict.kind, 'whole');
  assert.equal(verdict.kind === 'whole' && [verdict.rows, verdict.proven?.seq, verdict.archived], [
    ...[36, 30],
    { to: 30, missingTo: 0 },
  ]);
  await trail.auditHeads.sign();
  await trail.add(3, daysAgo(1));
  assert.is(await trail.archive(30), 0);
  assert.is(await trail.archive(0.5), 5, 'up to the first that is young');
  const again = await trail.verify();
  assert.equal(again.kind === 'whole' && again.archived, { to: 35, missingTo: 0 });
});

test('tells which rows are in files that were taken elsewhere', async () => {
  const trail = await openTrail();
  await trail.add(10, daysAgo(40));
  await trail.auditHeads.sign();
  await trail.archive(30);
  renameSync(join(dataDir, 'audit', trail.file()), join(dataDir, 'elsewhere.gz'));
  const verdict = await trail.verify();
  assert.equal(verdict.kind === 'whole' && verdict.archived, { to: 9, missingTo: 9 });
});

test('finds rows that their owner removed, whatever the trail says of an archive', async () => {
  const trail = await openTrail();
  await trail.add(10, daysAgo(40));
  await trail.auditHeads.sign();
  await trail.add(1, daysAgo(1));
  const { db } = database;
  await db.deleteFrom('audit').where('seq', '<=', 4).execute();
  assert.equal(await trail.verify(), { kind: 'broken', atSeq: 1, because: 'row' });
  assert.match(String(await trail.archive(30).catch(String)), 'audit rows before 5 are gone');
  const siteId = await defaultSiteId(db);
  const forged = { event: 'audit-archived', from: 1, to: 4, sha256: '0'.repeat(64) } as const;
  await db.transaction().execute((trx) => recordAudit(trx, siteId, forged, NOW));
  await trail.auditHeads.sign();
  assert.equal(await trail.verify(), { kind: 'broken', atSeq: 1, because: 'row' });
});

test('is made by one run at a time', async () => {
  const trail = await openTrail();
  await trail.add(10, daysAgo(40));
  await trail.auditHeads.sign();
  await trail.add(1, daysAgo(1));
  const moved = await Promise.all([trail.archive(30), trail.archive(30), trail.archive(30)]);
  assert.is(Math.max(...moved), 10);
  assert.is(
    moved.reduce((sum, count) => sum + count),
    10,
  );
  assert.is((await trail.verify()).kind, 'whole');
});

test('finds a file that was changed, and rows that were only deleted', async () => {
  const trail = await openTrail();
  await trail.add(10, daysAgo(40));
  await trail.auditHeads.sign();
  await trail.archive(30);
  const path = join(dataDir, 'audit', trail.file());
  const text = gunzipSync(readFileSync(path)).toString();
  writeFileSync(path, gzipSync(text.replace('127.0.0.1', '127.0.0.2')));
  assert.equal(await trail.verify(), { kind: 'broken', atSeq: 1, because: 'row' });
  writeFileSync(path, 'no archive at all');
  assert.equal(await trail.verify(), { kind: 'broken', atSeq: 1, because: 'row' });
  writeFileSync(path, gzipSync(text));
  assert.is((await trail.verify()).kind, 'whole');
  rmSync(path);
  await database.db.deleteFrom('audit').where('seq', '=', 10).execute();
  assert.equal(await trail.verify(), { kind: 'broken', atSeq: 1, because: 'row' }, 'nothing tells of row 10');
});

test('goes on where a run was killed between its file and its transaction', async () => {
  const trail = await openTrail();
  await trail.add(10, daysAgo(40));
  await trail.auditHeads.sign();
  await trail.add(1, daysAgo(1));
  writeFileSync(join(dataDir, 'audit', 'rows-000000000001-000000000004.jsonl.gz'), gzipSync('half'));
  assert.is(await trail.archive(30), 10);
  assert.is(trail.file(), 'rows-000000000001-000000000010.jsonl.gz');
  assert.is((await trail.verify()).kind, 'whole');
});

test.run();
