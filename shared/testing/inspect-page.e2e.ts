/** The look at a page leaves it as it was, and sees pages that draw other rows wherever they are scrolled to. */
import type { Browser, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skip, testEnvironment } from './environment.ts';
import { expect } from './expect.ts';
import { inspectPage, openBrowser, WINDOWS } from './inspect-page.ts';

const { headlessShell } = testEnvironment();
const test = suite('the look at a page');
const TOP = 1_500;
/** So many that axe looks for longer than the page takes to draw. */
const PARAGRAPHS = '<p>A line of the page</p>'.repeat(1_000);
let browser: Browser;
let page: Page;

test.before(async () => {
  browser = await openBrowser(headlessShell ?? skip('the look at a page', 'there is no Chromium'));
});
test.after(() => browser.close());
test.before.each(async () => {
  page = await browser.newPage({ viewport: WINDOWS.tablet });
});
test.after.each(() => page.close());

/** Runs in the page: a long list of which one row is drawn, that of the place that the page is scrolled to. */
function drawRows(): void {
  const row = document.querySelector('li')!;
  const draw = () => {
    row.replaceChildren(`Row ${Math.round(scrollY / 100)}`);
  };
  draw();
  addEventListener('scroll', () => requestAnimationFrame(draw));
}

/** The faults of a page with these rows and what follows them, scrolled to `TOP`. */
async function faultsOf(after: string): Promise<string[]> {
  await page.setContent(
    `<!doctype html><html lang="en"><title>Rows</title><main><h1>Rows</h1>` +
      `<ol style="position:sticky;top:0"><li>Row</li></ol>${after}${PARAGRAPHS}</main></html>`,
  );
  await page.evaluate(drawRows);
  await page.evaluate((top) => scrollTo(0, top), TOP);
  await expect(page.getByRole('listitem')).toHaveText('Row 15');
  const found = await inspectPage(page, 'rows', { folder: undefined, otherLanguages: false });
  return found.map(({ fault }) => fault);
}

test('a scrolled list that draws other rows at the top of the page comes to rest, and stays where it was', async () => {
  assert.equal(await faultsOf(''), []);
  await expect(page.getByRole('listitem')).toHaveText('Row 15');
  assert.is(await page.evaluate(() => scrollY), TOP);
});

test('the faults of a scrolled page are found: by axe, and of sizes', async () => {
  const faults = await faultsOf('<button style="width:20px;height:20px"></button>');
  assert.ok(
    faults.some((fault) => fault.startsWith('axe button-name')),
    faults.join('\n'),
  );
  assert.ok(
    faults.some((fault) => fault.startsWith('target 20 × 20')),
    faults.join('\n'),
  );
});

test.run();
