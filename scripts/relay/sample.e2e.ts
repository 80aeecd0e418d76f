// test:all: thirty studies, made twice and removed; sample.test.ts and sample-data.e2e.ts guard it by day
/**
 * Sample data with a real gateway, Orthanc and PostgreSQL: it is killed in the middle, made again and once more, and
 * removed: nothing is there twice, and nothing is left.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { countChangedDaysOfAll } from '../../gateway/src/analytics/kept-days.ts';
import { resultDays } from '../../gateway/src/analytics/result-days.ts';
import { reviewDays } from '../../gateway/src/analytics/review-days.ts';
import { uploadDays } from '../../gateway/src/analytics/upload-days.ts';
import { openDatabase, type Database } from '../../gateway/src/database/database.ts';
import { createTestDatabase } from '../../gateway/src/testing/open-database.ts';
import { SMALLEST_CELL } from '#shared/protocol/analytics.ts';
import { caseListSchema } from '#shared/protocol/cases.ts';
import { SAMPLE_STUDIES } from '#shared/protocol/sample.ts';
import { askOrthanc } from '#testing/ask-orthanc.ts';
import { until } from '#testing/gateway-under-test.ts';
import { ADMIN_PASSWORD, openSystem } from '#testing/open-system.ts';
import { runRelay } from '#testing/run-relay.ts';
import { connectAs } from './connect.ts';
import { sampleCases } from './sample/sample-cases.ts';
import { sampleStudies } from './sample/sample-studies.ts';

/** The default number of studies: some readers differ from the models. */
const STUDIES = SAMPLE_STUDIES;
const CASES = sampleCases(sampleStudies(STUDIES));
const RELAY = fileURLToPath(new URL('../relay.ts', import.meta.url));
const test = suite('relay sample');

async function openWorld() {
  const own = await createTestDatabase();
  const system = await openSystem(own.url);
  const database = await openDatabase({ kind: 'server', url: own.url });
  const connection = ['--user', 'admin', '--gateway', system.gateway.api];
  return {
    ...system,
    database,
    args: (...more: string[]) => ['sample', ...more, '--json', ...connection],
    async close() {
      await database.close();
      await system.close();
      await own.drop();
    },
  };
}

let world: Awaited<ReturnType<typeof openWorld>>;
test.before(async () => {
  world = await openWorld();
});
test.after(() => world?.close());

const run = (args: readonly string[]) => runRelay(args, { RELAY_PASSWORD: ADMIN_PASSWORD });

/** The audit trail, sessions, and figures that nothing can be told from stay. */
const STAYS = ['audit', 'tally', 'refresh_token', 'model_use'];

/** Counts the rows of every other table; days of figures that wait to be counted again are counted first. */
async function countRows({ db }: Database): Promise<ReadonlyMap<string, number>> {
  for (const kept of [uploadDays, resultDays, reviewDays]) await countChangedDaysOfAll(db, kept);
  const { rows } = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = 'public'`.execute(db);
  const counts = new Map<string, number>();
  for (const { name } of rows.filter((row) => !STAYS.includes(row.name))) {
    const counted = await sql<{ n: number }>`select count(*)::int as n from ${sql.table(name)}`.execute(db);
    counts.set(name, counted.rows[0]!.n);
  }
  return counts;
}

/** Blobs and keys: everything in the data directory that is of a study, a file or a case. */
async function filesOnDisk(): Promise<string[]> {
  const folders = ['blobs', 'files', 'inputs', 'keys/studies', 'keys/files', 'keys/cases'];
  const found = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(world.dataDir, folder), { recursive: true }).catch(() => [])).map(
        (name) => `${folder}/${name}`,
      ),
    ),
  );
  return found.flat().sort();
}

const inOrthanc = async (): Promise<number> =>
  (JSON.parse((await askOrthanc(world.orthanc, '/studies')).toString()) as unknown[]).length;

/** Killed once the first case is there. */
async function beginAndKill(): Promise<void> {
  const child = spawn(process.execPath, [RELAY, ...world.args('--studies', String(STUDIES))], {
    env: { ...process.env, RELAY_PASSWORD: ADMIN_PASSWORD },
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  await until('the first case', async () => (await countRows(world.database)).get('case_record')! > 0);
  child.kill('SIGKILL');
  const [, signal] = (await ended) as [number | null, string | null];
  assert.is(signal, 'SIGKILL', 'it was not done yet');
}

/** Adds a user with this role, and returns their password. */
async function addUser(username: string, role: string): Promise<string> {
  const connection = world.args().slice(2);
  const added = await run(['user', 'add', username, '--roles', role, '--json', ...connection]);
  return (JSON.parse(added.out) as { password: string }).password;
}

test('killed, made again and once more: nothing is there twice; removed, nothing is left', async () => {
  const password = await addUser('rita', 'researcher');
  const rowsBefore = await countRows(world.database);
  const filesBefore = await filesOnDisk();
  await beginAndKill();
  const again = await run(world.args('--studies', String(STUDIES)));
  assert.is(again.code, 0, again.said);
  const rows = await countRows(world.database);
  const expected = {
    case_record: CASES.length,
    case_note: CASES.reduce((sum, { notes, isClosed }) => sum + notes.length + Number(isClosed), 0),
    case_attachment: CASES.filter(({ attachment }) => attachment !== null).length,
    review: CASES.filter(({ review }) => review !== null).length,
    study: STUDIES,
    sample_account: 4,
  };
  for (const [table, count] of Object.entries(expected)) assert.is(rows.get(table), count, table);
  const { db } = world.database;
  const corrected = await db
    .selectFrom('review_event')
    .where('decision', '=', 'correct')
    .selectAll()
    .execute();
  assert.ok(corrected.length > 0, 'a reader differs from the models');
  assert.is(await inOrthanc(), STUDIES);
  const third = await run(world.args('--studies', String(STUDIES)));
  assert.is(third.code, 0, third.said);
  const { studies, cases } = JSON.parse(third.out) as {
    studies: { sent: number };
    cases: { opened: number };
  };
  assert.equal([studies.sent, cases.opened], [0, 0]);
  const unnamed = sampleStudies(STUDIES).filter(({ isDeidentified }) => isDeidentified).length;
  assert.equal(
    Object.fromEntries(await countRows(world.database)),
    // Studies without names are sent again, and the gateway keeps what became of each request.
    { ...Object.fromEntries(rows), sent_file: rows.get('sent_file')! + unnamed },
  );

  const researcher = await connectAs(world.gateway.api, 'rita', password);
  const shown = await researcher.json('/cases', caseListSchema);
  assert.ok(shown.cases.length >= SMALLEST_CELL, `a researcher sees ${shown.cases.length} cases`);
  assert.not.match(JSON.stringify(shown), /SAMPLE/);

  const removed = await run(world.args('--remove'));
  assert.is(removed.code, 0, removed.said);
  assert.equal(JSON.parse(removed.out), {
    removed: { accounts: 4, studies: STUDIES, cases: CASES.length },
    left: [],
  });
  assert.is(await inOrthanc(), 0);
  assert.equal(Object.fromEntries(await countRows(world.database)), Object.fromEntries(rowsBefore));
  assert.equal(await filesOnDisk(), filesBefore);
});

test('is for administrators', async () => {
  const password = await addUser('tess', 'technician');
  const { code } = await runRelay(['sample', '--user', 'tess', ...world.args().slice(4)], {
    RELAY_PASSWORD: password,
  });
  assert.is(code, 1);
  assert.is(await inOrthanc(), 0);
});

test.run();
