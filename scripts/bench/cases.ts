/**
 * `npm run bench -- cases`: 100 000 cases with a study, an image and a result each, and 300 000 events, in a real
 * PostgreSQL. Half of the cases come in by one CSV file. Beside the seconds for it stand the memory that it takes and
 * the longest block of the event loop. Then lists, searches and filters as the page asks for them, each as the 95th
 * percentile ÷ 150 ms; and all cases out again as CSV.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { DAY_MS } from '#shared/day.ts';
import type { CaseSort } from '#shared/protocol/cases.ts';
import { CASE_VIEWS_LIMIT } from '#shared/protocol/case-views.ts';
import { createCaseSeal, createCipher, type CaseCipher } from '../../gateway/src/cases/case-seal.ts';
import type { CaseTools } from '../../gateway/src/cases/case-tools.ts';
import { listViews, saveView } from '../../gateway/src/cases/case-views.ts';
import { countNotShown } from '../../gateway/src/cases/count-not-shown.ts';
import { exportCases } from '../../gateway/src/cases/export-cases.ts';
import { importCases } from '../../gateway/src/cases/import-cases.ts';
import { listCases, type CaseQuery } from '../../gateway/src/cases/list-cases.ts';
import { showCases } from '../../gateway/src/cases/show-cases.ts';
import { type Db, openDatabase } from '../../gateway/src/database/database.ts';
import { openKeys } from '../../gateway/src/keys.ts';
import { createStudyKeys } from '../../gateway/src/pipeline/stores/study-key.ts';
import { startPostgres } from '../system/postgres.ts';
import { addResults, addReviews, addUploads, askFigures } from './figures.ts';
import type { BenchRow } from './row.ts';
import { watchLoop } from './watch-loop.ts';

export const HALF = 50_000;
const EVENTS_A_CASE = 3;
const BUDGET_MS = 150;
const TIMES = 40;
const MB = 1024 ** 2;

export async function benchCases(say: (line: string) => void): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-bench-cases-'));
  const postgres = await startPostgres();
  const database = await openDatabase({ kind: 'server', url: postgres.url });
  try {
    const keys = openKeys(join(folder, 'keys'));
    const caseKeys = createStudyKeys(keys.wrapKey, join(folder, 'keys', 'cases'));
    const tools: CaseTools = {
      db: database.db,
      seal: createCaseSeal(caseKeys, keys.secretFor('numbers of cases')),
      pacs: { searchStudies: async () => [] },
      now: () => new Date(),
      newId: randomUUID,
    };
    const keeper = await addKeeper(database.db);
    await fillHalf(database.db, keeper);
    say(`importing ${HALF} rows …`);
    const importing = async (id: string | null): Promise<void> => {
      const file = {
        pieces: fileOf(HALF),
        signal: new AbortController().signal,
        inTurn: <T>(work: () => Promise<T>) => work(),
      };
      const report = await importCases(tools, { id, keeper }, file);
      if (report.opened !== HALF) throw new Error(`opened ${report.opened}`);
    };
    const looked = await measured('cases-dry-run-50000', () => importing(null));
    const taken = await measured('cases-import-50000', () => importing(randomUUID()));
    for (const row of [looked, taken]) say(JSON.stringify(row));
    say('adding studies, results and events …');
    await addStudiesAndEvents(database.db, keeper);
    say('asking …');
    const asked = [
      ...(await askAll(tools, keeper)),
      await askAsSender(tools),
      await asking('cases-not-shown', () => countNotShown(database.db, { ...keeper, roles: ['researcher'] })),
      await askViews(database.db, keeper, createCipher(keys.secretFor('names of views'))),
      ...(await askFigures(database.db, keeper, asking)),
    ];
    for (const row of asked) say(JSON.stringify(row));
    const written = await measured('cases-export-100000', () => drain(tools, keeper));
    say(JSON.stringify(written));
    return [looked, taken, ...asked, written];
  } finally {
    await database.close();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

export type Keeper = { readonly id: string; readonly siteId: string; readonly roles: ['admin'] };

async function addKeeper(db: Db): Promise<Keeper> {
  const { id: siteId } = await db.selectFrom('site').select('id').executeTakeFirstOrThrow();
  const { id } = await db
    .insertInto('account')
    .values({ site_id: siteId, username: 'keeper', roles: ['admin'], password_hash: '', disabled_at: null })
    .returning('id')
    .executeTakeFirstOrThrow();
  return { id, siteId, roles: ['admin'] };
}

/** Inserts the older half directly. Its sealed texts cannot be opened. */
export async function fillHalf(db: Db, { id, siteId }: Keeper): Promise<void> {
  await sql`insert into case_record (id, site_id, status, priority, due_on, assignee_id, sealed, wrapped_key,
      created_by, created_at, changed_at)
    select gen_random_uuid(), ${siteId}, (array['open', 'on-hold', 'closed', 'closed'])[1 + n % 4], n % 4,
      case when n % 3 = 0 then '2026-12-' || lpad((1 + n % 28)::text, 2, '0') end,
      case when n % 5 = 0 then ${id}::uuid end, '\\x00', '\\x00', ${id}, t.at, t.at
    from generate_series(1, ${HALF}) n, lateral (select now() - n * interval '7 minutes' as at) t`.execute(
    db,
  );
}

async function* fileOf(rows: number): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  yield encoder.encode('title,priority,tags,dueOn,accessionNumber\r\n');
  const priorities = ['urgent', 'high', 'routine', 'low'];
  for (let row = 0; row < rows; row += 1) {
    const due = row % 4 === 0 ? '2027-02-01' : '';
    const title = `Second opinion on the left lung, row ${row}`;
    yield encoder.encode(`"${title}",${priorities[row % 4]},"chest, round ${row % 9}",${due},ACC-${row}\r\n`);
  }
}

export async function addStudiesAndEvents(db: Db, keeper: Keeper): Promise<void> {
  await sql`insert into case_study (case_id, site_id, study_instance_uid, added_at)
    select c.id, c.site_id, '2.25.' || (4000000000 + c.number), c.created_at from case_record c`.execute(db);
  await addUploads(db, keeper);
  await addResults(db);
  // No question of this benchmark reads the hashes, so they are random.
  await sql`insert into audit (seq, site_id, at, event, fields, previous_hash, hash)
    select (select max(seq) from audit) + row_number() over (), c.site_id, now(), 'case-changed',
      jsonb_build_object('caseId', c.id), '', gen_random_uuid()::text
    from case_record c, generate_series(1, ${EVENTS_A_CASE})`.execute(db);
  await addReviews(db, keeper);
  await sql`vacuum analyze`.execute(db);
}

/** Each study has been compared with what cases wait for, as on a site where nothing is left to do. */
export async function settleArrivals(db: Db): Promise<void> {
  await sql`insert into case_arrival (site_id, study_instance_uid, looked_at, compared_at)
    select distinct site_id, study_instance_uid, now(), now() from study on conflict do nothing`.execute(db);
  await sql`vacuum analyze`.execute(db);
}

const QUESTIONS: Readonly<Record<string, Omit<CaseQuery, 'sort' | 'limit'> & { readonly sort?: CaseSort }>> =
  {
    'cases-list': { status: 'active' },
    'cases-list-due': { status: 'active', sort: 'due' },
    'cases-list-priority': { status: 'active', sort: 'priority' },
    'cases-list-changed': { sort: 'changed' },
    'cases-search-number': { text: '77777' },
    'cases-search-uid': { text: '2.25.4000077777' },
    'cases-filter-assignee': { status: 'active', assigneeId: null, priority: 'urgent' },
    'cases-filter-due': { status: 'active', dueUntil: '2026-12-03' },
    'cases-filter-opened': {
      status: 'active',
      from: new Date(Date.now() - 90 * DAY_MS),
      until: new Date(Date.now() - 60 * DAY_MS),
    },
    'cases-filter-body-part': { status: 'active', bodyPart: 'CHEST' },
    'cases-filter-body-part-rare': { status: 'active', bodyPart: 'HAND' },
    'cases-filter-modality': { status: 'active', modality: 'MR' },
    'cases-filter-positive': { status: 'active', finding: 'positive' },
    'cases-filter-not-examined': { status: 'active', finding: 'not-examined' },
  };

async function askAll(tools: CaseTools, reader: Keeper): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const [name, question] of Object.entries(QUESTIONS))
    rows.push(
      await asking(name, async () => {
        const found = await listCases(tools.db, reader, { sort: 'newest', limit: 50, ...question });
        await showCases(tools, { reader, withheld: [] }, found.rows);
      }),
    );
  return rows;
}

/** Lists the cases of a technician who sent one study in twenty. Other accounts sent the others. */
async function askAsSender(tools: CaseTools): Promise<BenchRow> {
  const { id, site_id: siteId } = await tools.db
    .selectFrom('account')
    .select(['id', 'site_id'])
    .where('username', '=', 'sender 1')
    .executeTakeFirstOrThrow();
  const sender = { id, siteId, roles: ['technician' as const] };
  return asking('cases-list-of-sender', async () => {
    const { rows } = await listCases(tools.db, sender, { sort: 'newest', limit: 50, status: 'active' });
    if (rows.length < 50) throw new Error(`listed ${rows.length}`);
  });
}

/** Saves as many views as a person may keep, and lists them. */
async function askViews(db: Db, { id }: Keeper, names: CaseCipher): Promise<BenchRow> {
  const tools = { db, names, newId: randomUUID };
  for (let view = 0; view < CASE_VIEWS_LIMIT; view += 1)
    await saveView(tools, {
      accountId: id,
      id: null,
      name: `Chest films, ${view}`,
      filters: {
        ...{ status: 'active', priority: '', assignee: '', due: '' },
        ...{
          opened: '90',
          from: '',
          to: '',
          modality: '',
          bodyPart: 'CHEST',
          early: '',
          finding: '',
          sort: 'newest',
        },
      },
    });
  return asking('cases-views', () => listViews(tools, id));
}

/** Asks once before measuring, because the first question fills the database's caches. */
async function asking(name: string, ask: () => Promise<unknown>): Promise<BenchRow> {
  await ask();
  const times: number[] = [];
  const loop = watchLoop();
  for (let time = 0; time < TIMES; time += 1) {
    const began = performance.now();
    await ask();
    times.push(performance.now() - began);
  }
  const p95 = times.sort((a, b) => a - b)[Math.ceil(TIMES * 0.95) - 1]!;
  const bestMs = Math.round(times[0]!);
  const p50Ms = Math.round(times[TIMES / 2]!);
  return { name, ratio: p95 / BUDGET_MS, bestMs, p50Ms, p95Ms: Math.round(p95), ...loop.stop() };
}

async function drain(tools: CaseTools, reader: Keeper): Promise<void> {
  let bytes = 0;
  for await (const piece of await exportCases(tools, { reader, withheld: [] }, {})) bytes += piece.length;
  if (bytes < 2 * HALF * 100) throw new Error(`exported ${bytes} bytes`);
}

async function measured(name: string, work: () => Promise<void>): Promise<BenchRow> {
  const before = process.memoryUsage().rss;
  let peak = before;
  const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 100);
  const loop = watchLoop();
  const began = performance.now();
  await work();
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  clearInterval(timer);
  return { name, seconds, rssMbAbove: Math.round((peak - before) / MB), ...loop.stop() };
}
