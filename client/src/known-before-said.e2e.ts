// test:all: every page is opened twice from its start; the tests of kit/resource.ts and of the stores guard by day
/**
 * Unknown is not none, in a real Chromium against the real gateway: while the gateway's answers are on their way, or
 * have failed, no page says that there is nothing, and no line that the device is online; once they come, each page
 * says what is true of an empty site. Each sentence that a words file marks with `none` is looked for at every moment.
 */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { untilAtRest } from '#testing/at-rest.ts';
import { expect } from '#testing/expect.ts';
import { ADMIN, ask } from '#testing/accounts.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openOwnWorld } from '#testing/world.ts';
import { overviewWords } from './admin/overview-words.ts';
import { apiKeysWords } from './admin/api-keys-words.ts';
import { dimsePeerWords } from './admin/dimse-peer-words.ts';
import { vaultWords } from './admin/vault-words.ts';
import { analyticsWords } from './analytics/analytics-words.ts';
import { appWords } from './app/app-words.ts';
import { caseWords } from './cases/parts/case-words.ts';
import { exportWords } from './exports/export-words.ts';
import { kitWords } from './kit/kit-words.ts';
import type { None } from './kit/none.ts';
import { hrefOf, type Route } from './kit/routes.ts';
import { queueWords } from './pipeline/queue/queue-words.ts';
import { resultWords } from './results/parts/result-words.ts';
import { reviewWords } from './reviews/parts/review-words.ts';
import { needsWords } from './studies/needs-words.ts';
import { studiesWords } from './studies/studies-words.ts';
import { untilStatusSays } from './testing/status-line.ts';
import { queueOffline } from './testing/walk-queue.ts';

const test = suite('unknown is not none');
const walk = await walkScreens(test, {
  name: 'unknown is not none',
  roles: ['technician', 'radiologist', 'admin'],
  open: openOwnWorld,
  isOneVisit: true,
});

type Known = Exclude<Route, { page: 'not-found' }>;
const ID = '00000000-0000-4000-8000-000000000000';
const list = { id: '', query: '' };

/** Each page, and how it says that an empty site has none. A new page without a line does not compile. */
const PAGES: Readonly<Record<Known['page'], readonly (readonly [Known, None?])[]>> = {
  start: [[{ page: 'start' }]],
  upload: [[{ page: 'upload' }]],
  studies: [[{ page: 'studies' }, queueWords.empty]],
  needs: [[{ page: 'needs' }, needsWords.nothing]],
  settings: [[{ page: 'settings' }]],
  help: [[{ page: 'help' }]],
  check: [[{ page: 'check' }]],
  'before-after': [[{ page: 'before-after', id: ID }]],
  study: [[{ page: 'study', id: ID }]],
  results: [
    [{ page: 'results', at: 'results', id: '', beside: '' }],
    [{ page: 'results', at: 'results', id: ID, beside: '' }],
    [{ page: 'results', at: 'results', id: ID, beside: ID }],
    [{ page: 'results', at: 'infer', id: '', beside: '' }],
    [{ page: 'results', at: 'models', id: '', beside: '' }],
  ],
  cases: [[{ page: 'cases', ...list }, caseWords.list.empty], [{ page: 'cases', id: ID, query: '' }]],
  exports: [[{ page: 'exports' }, exportWords.empty]],
  analytics: [
    [{ page: 'analytics', ...list }, analyticsWords.none],
    [{ page: 'analytics', id: 'models', query: '' }],
    [{ page: 'analytics', id: 'reviews', query: '' }],
  ],
  audit: [[{ page: 'audit', query: '' }]],
  sent: [[{ page: 'sent', id: ID }]],
  reviews: [
    [{ page: 'reviews', id: '' }, reviewWords.list.empty.todo],
    [{ page: 'reviews', id: ID }],
    [{ page: 'reviews', id: 'types' }],
  ],
  admin: [
    [{ page: 'admin', at: 'overview' }, overviewWords.noneYet],
    [{ page: 'admin', at: 'destinations' }],
    [{ page: 'admin', at: 'accounts' }],
    [{ page: 'admin', at: 'rules' }],
    [{ page: 'admin', at: 'api-keys' }, apiKeysWords.none],
    [{ page: 'admin', at: 'dimse-peers' }, dimsePeerWords.none],
    [{ page: 'admin', at: 'quotas' }],
    [{ page: 'admin', at: 'policies' }],
    [{ page: 'admin', at: 'vault' }, vaultWords.none],
  ],
};

/** Every sentence of the words files that only a known answer may say. */
async function markedSentences(): Promise<readonly string[]> {
  const said = (value: unknown): string[] => {
    if (typeof value === 'function') return 'said' in value ? [String(value.said)] : [];
    return typeof value === 'object' && value !== null ? Object.values(value).flatMap(said) : [];
  };
  const files = globSync(join(import.meta.dirname, '**/*words.ts'));
  return (await Promise.all(files.map((file) => import(file) as Promise<object>))).flatMap(said);
}

declare global {
  interface Window {
    /** Sentences of the app that have stood on this page so far. */
    readonly said: Set<string>;
  }
}

/** Runs in each new page: notes which of these sentences ever stand on it, also for a moment. */
function noteSaid(sentences: readonly string[]): void {
  const said = new Set<string>();
  Object.assign(window, { said });
  const look = () => {
    const texts = document.createTreeWalker(document, NodeFilter.SHOW_TEXT);
    while (texts.nextNode() !== null) {
      const text = texts.currentNode.textContent?.trim() ?? '';
      if (sentences.includes(text)) said.add(text);
    }
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
}

const saidOn = (page: Page): Promise<string[]> => page.evaluate(() => [...window.said]);

/** Every request for an answer of the gateway, but the one that tells who is here: without it no page is drawn. */
const ASKED = /\/api\/(?!auth\/refresh)/;

/** Opens the page from its start and waits until it is drawn from what it knows: it always says which page it is. */
async function openAt({ page, address }: Stage, route: Known): Promise<void> {
  await page.goto('about:blank');
  await page.goto(`${address}/${hrefOf(route)}`);
  await expect(page.locator('#content h1')).toHaveText(/\S/);
  await untilAtRest(page);
}

/** Holds requests back until the returned function lets them pass. */
async function hold(page: Page, asked: RegExp): Promise<() => void> {
  const released = Promise.withResolvers<void>();
  await page.route(asked, async (request) => {
    await released.promise;
    await request.fallback();
  });
  return released.resolve;
}

for (const [name, ways] of Object.entries(PAGES))
  for (const [route, known] of ways)
    walk(`${name} at ${hrefOf(route)} says nothing until it knows, and then what is true`, async (stage) => {
      const { page } = stage;
      await stage.enter();
      const { link, policyUnknown } = appWords.status;
      await page.addInitScript(noteSaid, [...(await markedSentences()), link.online, policyUnknown]);
      const release = await hold(page, ASKED);
      await openAt(stage, route);
      assert.equal(await saidOn(page), [], 'while nothing is answered');
      await untilStatusSays(page, link.unknown);
      release();
      await untilStatusSays(page, link.online);
      if (known) await expect(page.getByText(known.said, { exact: true }).first()).toBeVisible();

      await page.route(ASKED, (request) => request.abort());
      await openAt(stage, route);
      await untilStatusSays(page, link['gateway-unreachable']);
      await untilAtRest(page);
      const said = await saidOn(page);
      assert.equal(
        said.filter((sentence) => sentence !== policyUnknown),
        [],
        'while every answer fails',
      );
    });

walk('the studies of the whole site are not none while they are asked for', async (stage) => {
  const { page } = stage;
  await stage.enter();
  await page.addInitScript(noteSaid, await markedSentences());
  const release = await hold(page, ASKED);
  await openAt(stage, { page: 'studies' });
  await page.getByText(studiesWords.whoseStudies['of-the-site'], { exact: true }).click();
  await untilAtRest(page);
  assert.equal(await saidOn(page), []);
  release();
  await expect(page.getByText(queueWords.noneOfSite.said, { exact: true })).toBeVisible();
});

type Part = {
  readonly asked: RegExp;
  readonly routeOf: (caseId: string) => Known;
  /** How the parts say that they are empty, as they are on a page. */
  readonly known: readonly None[];
  /** The sheet in which the part stands, the button that waits for it, and the choice that makes it matter. */
  readonly sheet?: { readonly button: string; readonly submit: string; readonly choice?: string };
};

const ofCase = (id: string): Known => ({ page: 'cases', id, query: '' });

/** Parts of pages that are asked for on their own: the rest of the page is answered. */
const PARTS: Readonly<Record<string, Part>> = {
  'the notes, attachments and reviews of a case': {
    asked: /\/api\/cases\/[\da-f-]+\/(notes|attachments|reviews)/,
    routeOf: ofCase,
    known: [caseWords.notes.none, caseWords.attachments.none, reviewWords.ofCase.none],
  },
  'the studies that a model may look at': {
    asked: /\/api\/uploads/,
    routeOf: () => ({ page: 'results', at: 'infer', id: '', beside: '' }),
    known: [resultWords.run.noStudies],
  },
  'the templates of an export': {
    asked: /\/api\/export-templates/,
    routeOf: ofCase,
    known: [exportWords.ask.none],
    sheet: { button: exportWords.open, submit: exportWords.ask.submit },
  },
  'the review types': {
    asked: /\/api\/review-types/,
    routeOf: ofCase,
    known: [],
    sheet: { button: reviewWords.ofCase.request, submit: reviewWords.ofCase.submit },
  },
  'the accounts that have seen a case': {
    asked: /\/api\/cases\/[\da-f-]+\/readers/,
    routeOf: ofCase,
    known: [],
    sheet: {
      button: reviewWords.ofCase.request,
      submit: reviewWords.ofCase.submit,
      choice: 'Chest film, two blinded readers',
    },
  },
};

const opened = new Map<unknown, Promise<string>>();

/** A case of this world's own, with nothing in it. */
async function emptyCase({ gateway }: Stage): Promise<string> {
  const body = { title: 'Empty', expected: { accessionNumber: 'A-1' } };
  const made = await ask(gateway, ADMIN, { method: 'POST', path: '/cases', body });
  return ((await made.json()) as { readonly id: string }).id;
}

/** Opens the page and the sheet of the part. */
async function openPart(stage: Stage, { routeOf, sheet }: Part): Promise<void> {
  const { page, gateway } = stage;
  if (!opened.has(gateway)) opened.set(gateway, emptyCase(stage));
  await openAt(stage, routeOf(await opened.get(gateway)!));
  await untilStatusSays(page, appWords.status.link.online);
  if (sheet) await page.getByRole('button', { name: sheet.button, exact: true }).click();
  if (sheet?.choice !== undefined)
    await page.getByRole('dialog').getByRole('combobox').first().selectOption(sheet.choice);
  await untilAtRest(page);
}

for (const [name, part] of Object.entries(PARTS))
  walk(
    `${name}: nothing is said, nor can be sent, until it is known, and then what is true`,
    async (stage) => {
      const { page } = stage;
      await stage.enter();
      const own = part.known.map(({ said }) => said);
      await page.addInitScript(noteSaid, own);
      const dialog = page.getByRole('dialog');
      const submit = dialog.getByRole('button', { name: part.sheet?.submit ?? '', exact: true });
      const release = await hold(page, part.asked);
      await openPart(stage, part);
      assert.equal(await saidOn(page), [], 'while it is not answered');
      if (part.sheet) await expect(submit).toBeDisabled();
      release();
      for (const { said } of part.sheet ? [] : part.known)
        await expect(page.getByText(said, { exact: true })).toBeVisible();
      if (part.sheet) await expect(submit).toBeEnabled();

      await page.route(part.asked, (request) => request.abort());
      await openPart(stage, part);
      if (part.sheet === undefined) await expect(page.getByText(kitWords.again).first()).toBeVisible();
      assert.equal(await saidOn(page), [], 'while it fails');
    },
  );

walk.installed(
  'after a start with a dead gateway the status line tells what waits here, never that nothing does, nor that it is online',
  async (stage) => {
    const { page, link } = stage;
    await queueOffline(stage, 1);
    link.cut();
    const { empty, link: links } = appWords.status;
    await page.addInitScript(noteSaid, [empty, links.online]);
    await page.context().setOffline(false);
    await page.reload();
    await page.getByText('You can close this page: 12 images are safe here').waitFor();
    await untilStatusSays(page, links['gateway-unreachable']);
    assert.equal(await saidOn(page), []);
  },
);

test.run();
