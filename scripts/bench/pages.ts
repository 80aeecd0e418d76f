/**
 * `npm run bench -- pages`: a site with 100 000 cases, studies and results, in Chromium. How long a press on a page in
 * the navigation takes until that page says what it knows, as the 95th percentile ÷ 300 ms; and how evenly the list of
 * cases scrolls: the 95th percentile of the time between frames ÷ 33 ms.
 */
import type { CDPSession, Page } from 'playwright-core';
import { ADMIN, createAccount, tokenOf } from '#testing/accounts.ts';
import { signIn, untilInstalled } from '#testing/app-page.ts';
import { WINDOWS } from '#testing/inspect-page.ts';
import { openOwnWorld, type OwnWorld } from '#testing/world.ts';
import { recordedFinding } from '../../client/src/testing/recorded-answers.ts';
import { openBeside, type Db } from '../../gateway/src/database/database.ts';
import { startPostgres } from '../system/postgres.ts';
import { percentile, scrollFrames } from './browser.ts';
import { addStudiesAndEvents, fillHalf, settleArrivals, type Keeper } from './cases.ts';
import type { BenchRow } from './row.ts';

/** Each page, and what it shows once it knows. */
const PAGES = {
  Studies: '.queue-name',
  Read: 'tbody tr, .unread-row',
  Cases: 'tbody tr',
  Results: 'tbody tr',
  Insights: '.figure-plot canvas',
  Administration: '.admin-places:not(:has(.numbers > .quiet))',
  Upload: '.drop-here',
} as const;
const ROUNDS = 20;
const BUDGET = { pageMs: 300, frameMs: 33 } as const;
const LISTED = 400;
/** More cases than are listed. Only their texts can be opened; the older ones are there for the database to count. */
const WHOLE_CASES = 1_000;
/** More than the page of results and its filters ask for. */
const WHOLE_RESULTS = 200;

export async function benchPages(say: (line: string) => void): Promise<BenchRow[]> {
  const postgres = await startPostgres();
  const world = await openOwnWorld({ env: { DATABASE_URL: postgres.url } });
  try {
    await fill(world, postgres.url, say);
    const { username } = await createAccount(world.gateway, 'reader', ['admin', 'radiologist']);
    const context = await world.openBrowser();
    const page = context.pages()[0]!;
    await page.setViewportSize(WINDOWS.wide);
    await page.goto(world.address);
    await signIn(page, username);
    await untilInstalled(page);
    await listWholeSite(page);
    say('going from page to page …');
    const times = await turnPages(page);
    const rows = [...times].map(([name, each]) => toRow(`page-${name.toLowerCase()}`, each));
    say('scrolling …');
    const scrolled = await scrollCases(page, await context.newCDPSession(page));
    return [...rows, toRow('pages', [...times.values()].flat()), scrolled];
  } finally {
    await world.close();
    await postgres.stop();
  }
}

async function fill(world: OwnWorld, url: string, say: (line: string) => void): Promise<void> {
  const database = await openBeside({ kind: 'server', url });
  try {
    const { db } = database;
    const { id, site_id: siteId } = await db
      .selectFrom('account')
      .select(['id', 'site_id'])
      .where('username', '=', ADMIN)
      .executeTakeFirstOrThrow();
    const keeper: Keeper = { id, siteId, roles: ['admin'] };
    say('adding cases, studies, results and events …');
    await fillHalf(db, keeper);
    await fillHalf(db, keeper);
    await importCases(world);
    await addStudiesAndEvents(db, keeper);
    await addWholeResults(db, keeper);
    await settleArrivals(db);
  } finally {
    await database.close();
  }
}

/** Each case waits for a study of its own: the PACS has none of them. */
async function importCases({ gateway }: OwnWorld): Promise<void> {
  const token = await tokenOf(gateway, ADMIN);
  const rows = Array.from({ length: WHOLE_CASES }, (_, row) => `Second opinion ${row},ACC-${row}`);
  const answer = await fetch(`${gateway.api}/cases/import?id=${crypto.randomUUID()}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'text/csv' },
    body: ['title,accessionNumber', ...rows].join('\r\n'),
  });
  const said = await answer.text();
  if (!said.includes(`"opened":${WHOLE_CASES}`)) throw new Error(`no cases: ${said.slice(0, 500)}`);
}

/** Above the other results, which hold only what figures count: the page shows whole ones. */
async function addWholeResults(db: Db, { siteId }: Keeper): Promise<void> {
  const newest = await db
    .selectFrom('study')
    .select('study_instance_uid')
    .orderBy('created_at', 'desc')
    .limit(WHOLE_RESULTS)
    .execute();
  const rows = newest.map(({ study_instance_uid: uid }, nth) => {
    const { input, ...finding } = recordedFinding();
    return {
      ...{ id: crypto.randomUUID(), site_id: siteId, cache_key: `whole ${nth}`, created_at: new Date() },
      ...{ model_id: finding.model.id, version: finding.model.version },
      ...{ model_digest: finding.model.digest, input_digest: input.digest },
      ...{ study_instance_uid: uid, series_instance_uid: null, sop_instance_uid: null },
      finding: JSON.stringify({ ...finding, input: { ...input, studyInstanceUID: uid } }),
      ...{ models: '[]', disagreement: null, run_answer: null },
      ...{ verdict: null, verified_finding: null, verified_at: null, verified_by: null, sealed_reason: null },
    };
  });
  await db.insertInto('inference_result').values(rows).execute();
}

/** The reader has sent no study: the page of studies is to list those of everybody, of any day. */
async function listWholeSite(page: Page): Promise<void> {
  await page.getByRole('link', { name: /^Studies/ }).click();
  await page.locator('.segment', { hasText: 'Whole site' }).click();
  await page.getByRole('button', { name: 'Show all', exact: true }).first().click();
  await page.locator('.queue-name').first().waitFor();
}

/** In milliseconds, by page. The first round is not counted: it loads the parts of the app. */
async function turnPages(page: Page): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>(Object.keys(PAGES).map((name) => [name, []]));
  for (let round = 0; round <= ROUNDS; round += 1)
    for (const [name, known] of Object.entries(PAGES)) {
      const ms = await page.evaluate(turnTo, [name, known] as const);
      if (round > 0) times.get(name)!.push(ms);
    }
  return times;
}

/**
 * Runs in the page: the time from the press until a frame is painted that has the page's heading and what it knows, and
 * in which nothing is busy.
 */
function turnTo([name, known]: readonly [string, string]): Promise<number> {
  const LONGEST_MS = 60_000;
  const link = [...document.querySelectorAll<HTMLElement>('header nav a')].find((each) =>
    each.textContent.startsWith(name),
  );
  const began = performance.now();
  link!.click();
  return new Promise((resolve, reject) => {
    const look = () => {
      const isThere =
        document.querySelector('main h1')?.textContent === name &&
        document.querySelector(`main :is(${known})`) !== null;
      const isBusy = document.querySelector('main[aria-busy=true], main [aria-busy=true]') !== null;
      // What was asked for in a frame runs before it is painted, and a timer after.
      if (isThere && !isBusy) setTimeout(() => resolve(performance.now() - began));
      else if (performance.now() - began > LONGEST_MS) reject(new Error(`${name} shows nothing`));
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}

function toRow(name: string, times: readonly number[]): BenchRow {
  const p95Ms = Math.round(percentile(times, 0.95));
  return { name, ratio: p95Ms / BUDGET.pageMs, p50Ms: Math.round(percentile(times, 0.5)), p95Ms };
}

async function scrollCases(page: Page, session: CDPSession): Promise<BenchRow> {
  await page.evaluate(turnTo, ['Cases', PAGES.Cases] as const);
  for (;;) {
    const rows = await page.locator('tbody tr').count();
    if (rows >= LISTED) break;
    await page.getByRole('button', { name: 'Show more', exact: true }).click();
    await page.locator('tbody tr').nth(rows).waitFor();
  }
  await page.evaluate(() => scrollTo(0, 0));
  const frames = await scrollFrames(page, session);
  const p95Ms = Math.round(percentile(frames, 0.95) * 10) / 10;
  const late = frames.filter((ms) => ms > BUDGET.frameMs).length;
  return { name: 'scroll-cases', ratio: p95Ms / BUDGET.frameMs, p95Ms, frames: frames.length, late };
}
