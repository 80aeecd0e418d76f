/** The look at a page in other languages finds texts that would not fit, and leaves the page as it was. */
import type { Browser, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skip, testEnvironment } from './environment.ts';
import { openBrowser } from './inspect-page.ts';
import { inOtherLanguages } from './other-languages.ts';

const { headlessShell } = testEnvironment();
const test = suite('a page in other languages');
let browser: Browser;
let page: Page;

test.before(async () => {
  browser = await openBrowser(headlessShell ?? skip('a page in other languages', 'there is no Chromium'));
  page = await browser.newPage({ viewport: { width: 360, height: 740 } });
});
test.after(() => browser.close());

/** The faults of a page with this content, by direction. */
async function faultsOf(content: string): Promise<string[]> {
  await page.setContent(`<!doctype html><html lang="en"><body style="margin:0">${content}</body></html>`);
  return inOtherLanguages(page);
}

const FAULTS: readonly [what: string, content: string, faults: readonly string[]][] = [
  [
    'a button of a fixed width',
    '<button style="width:90px;white-space:nowrap;overflow:visible;padding:0">Cancel sending</button>',
    ['ltr, longer: “Cancel sending” leaves its control', 'rtl, longer: “Cancel sending” leaves its control'],
  ],
  [
    'a line of a fixed height',
    '<p style="width:200px;height:20px;line-height:20px;overflow:hidden">Sending resumes by itself</p>',
    [
      'ltr, longer: “Sending resumes by itself” is cut off',
      'rtl, longer: “Sending resumes by itself” is cut off',
    ],
  ],
  [
    'a place that is right only from left to right',
    '<p style="margin:0 -60px 0 0;width:120px">Send it</p>',
    ['rtl, longer: “Send it” leaves the window'],
  ],
];

const NO_FAULTS: readonly [what: string, content: string][] = [
  ['a text that breaks', '<button style="max-width:120px">Remove this study from the list</button>'],
  [
    'a name from a study',
    '<button style="width:120px;white-space:nowrap"><bdi>Abbott Henrietta</bdi></button>',
  ],
  [
    'an ellipsis',
    '<p style="width:90px;overflow:hidden;white-space:nowrap;text-overflow:ellipsis">Sending resumes</p>',
  ],
  [
    'a word for screen readers',
    '<p style="position:absolute;width:1px;overflow:hidden;clip-path:inset(50%)">Sent</p>',
  ],
];

for (const [what, content, faults] of FAULTS)
  test(`${what} is a fault`, async () => {
    const found = await faultsOf(content);
    for (const fault of faults) assert.ok(found.includes(fault), `${fault} in ${found.join('\n')}`);
  });

for (const [what, content] of NO_FAULTS)
  test(`${what} is no fault`, async () => {
    assert.equal(await faultsOf(content), []);
  });

test('the page is as before', async () => {
  const content = '<main><h1>Studies</h1><p>2 studies from <bdi>Abbott</bdi>, sent</p></main>';
  await faultsOf(content);
  assert.equal(await page.evaluate(() => [document.body.innerHTML, document.documentElement.dir]), [
    content,
    '',
  ]);
});

test.run();
