// test:all: a press in the middle of reading; stop-reading.test.ts walks it by day
/** A person stops reading, and decides about the rest: in a real Chromium, with the files of a real study. */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import { choose, filesOf, untilChoiceKept } from '#testing/app-page.ts';
import { expect } from '#testing/expect.ts';
import { walkScreens, type Stage } from '#testing/screen-walk.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from '../../testing/looks-right.ts';

const test = suite('stopping to read');
const walk = await walkScreens(test, { name: 'stopping to read', roles: ['admin'], open: openWorld });

const ALL = 80;
const filesIn = ({ seed }: Stage) => filesOf({ seed: seed(1), instancesPerSeries: ALL / 2 });

/**
 * Runs in the page: workers get no more than two messages with files to read, until `reads` is dispatched. `heldAt`:
 * the files in these.
 */
function holdReading(): void {
  const { postMessage } = Worker.prototype;
  let messages = 0;
  let files = 0;
  Worker.prototype.postMessage = function (this: Worker, ...sent: [never]) {
    const [{ task }] = sent as readonly [{ readonly task: { readonly kind: string; readonly files: [] } }];
    if (task.kind === 'summarise') {
      messages += 1;
      if (messages > 2) return;
      files += task.files.length;
      if (messages === 2) Object.assign(globalThis, { heldAt: files });
    }
    postMessage.apply(this, sent);
  };
  addEventListener('reads', () => Object.assign(Worker.prototype, { postMessage }), { once: true });
}

/** Chooses the files and stops; resolves to the number of those that were read. */
async function readAndStop(stage: Stage): Promise<number> {
  const { page } = stage;
  await stage.enter();
  await page.evaluate(holdReading);
  await choose(page, filesIn(stage));
  const said = page.locator('.reading p');
  const heldAt = await page.waitForFunction(() => (globalThis as { heldAt?: number }).heldAt);
  const read = Number(await heldAt.jsonValue());
  await expect(said).toHaveText(new RegExp(`^${read} of ${ALL} files read`));
  const bar = page.getByRole('progressbar', { name: 'Files read' });
  await expect(bar).toHaveAttribute('aria-valuenow', String(Math.floor((100 * read) / ALL)));
  await page.getByRole('button', { name: 'Stop reading' }).click();
  await page.evaluate(() => dispatchEvent(new Event('reads')));
  await page.getByText(`Stopped: ${read} of ${ALL} files read`).waitFor();
  await expect(page.locator('.stopped-reading'), 'the focus goes to what stopping brought').toBeFocused();
  return read;
}

const sends = (page: Page) => page.locator('.send-button');

walk('reading that was stopped goes on, and only then the study can be sent', async (stage) => {
  const { page } = stage;
  const read = await readAndStop(stage);
  await expect(sends(page)).toBeDisabled();
  await expect(sends(page)).toHaveText('Reading was stopped: continue or leave out the rest');
  await page.getByText('Not sent: reading was stopped').waitFor();
  await page.getByText(`${read} images chosen, not saved yet`).waitFor();
  await looksRight(page, 'upload-stopped');
  await page.getByRole('button', { name: 'Continue', exact: true }).click();
  await expect(sends(page)).toHaveText(new RegExp(`^Send 1 study${ALL} images`));
  await expect(page.getByText('Stopped:')).toHaveCount(0);
  await expect(sends(page)).toBeEnabled();
  await expect(page.locator('h1'), 'reading has ended').toBeFocused();
});

walk(
  'a study whose unread rest was left out is sent, complete, and names the files that were not read',
  async (stage) => {
    const { page } = stage;
    const rest = ALL - (await readAndStop(stage));
    await page.getByRole('button', { name: `Leave out ${rest} files that were not read` }).click();
    const said = `Reading was stopped: ${rest} unread files were left out`;
    await page.getByText(`${said}.`).waitFor();
    await expect(page.locator('h1')).toBeFocused();
    await looksRight(page, 'upload-left-unread');
    await sends(page).click();
    await page.getByRole('heading', { name: /^In the PACS/ }).waitFor();
    const row = page.locator('.queue-row');
    await row.getByText(said).waitFor();
    await row.getByText(`${ALL - rest} images`).waitFor();
    await expect(row.getByText('damaged or missing')).toHaveCount(0);
    await looksRight(page, 'study-left-unread');
    await row.getByRole('link').first().click();
    await page.getByRole('main').getByText(said).waitFor();
    await page.getByRole('button', { name: 'Receipt' }).click();
    await page.getByRole('dialog').getByText(said).waitFor();
  },
);

walk('a page that was reloaded says how far reading had come', async (stage) => {
  const { page } = stage;
  const read = await readAndStop(stage);
  await untilChoiceKept(page, read);
  page.on('dialog', (dialog) => void dialog.accept());
  await page.reload();
  await page.getByText(`${read} images were not sent. Choose them again.`).waitFor();
  await page.getByText(`Reading was interrupted: ${read} of ${ALL} files read`).waitFor();
  await looksRight(page, 'upload-stopped-lost');
});

test.run();
