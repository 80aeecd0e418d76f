// test:all: first pages, help and settings; person.e2e.ts and screens.e2e.ts guard by day
/**
 * The pages where people find their way, in a real Chromium against the running system: each role begins at a page of
 * its own, help is there before anybody signs in, and settings tell what the device holds.
 */
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import type { Role } from '#shared/protocol/api.ts';
import { createAccount } from '#testing/accounts.ts';
import { fillSignIn, goOffline, onDisk, sendStudy } from '#testing/app-page.ts';
import { expect } from '#testing/expect.ts';
import { walkScreens } from '#testing/screen-walk.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { openWorld } from '#testing/world.ts';
import { looksRight } from './testing/looks-right.ts';

const test = suite('first pages, help and settings');
const walk = await walkScreens(test, {
  name: 'first pages, help and settings',
  roles: ['technician'],
  open: openWorld,
});

/** The header leads a researcher back from every page; so do the logo and Help. */
async function findsBackToStart(page: Page): Promise<void> {
  const start = page.getByRole('link', { name: 'Start', exact: true });
  await page.getByRole('link', { name: /^Open Insights/ }).click();
  await page.getByRole('heading', { name: 'Insights', level: 1 }).waitFor();
  await start.click();
  await page.getByRole('link', { name: /^Send a study/ }).click();
  await page.getByRole('button', { name: 'Choose files' }).waitFor();
  await expect(start, 'Upload lies beneath Start').toHaveAttribute('aria-current', 'page');
  await page.getByRole('link', { name: 'RelayPACS', exact: true }).click();
  await page.getByRole('link', { name: /^Send a study/ }).click();
  await page.getByRole('button', { name: /^Account of/ }).click();
  await page.getByRole('link', { name: 'Help' }).click();
  await page.getByRole('link', { name: 'What you can do here' }).click();
  await page.getByRole('link', { name: /^Send a study/ }).waitFor();
}

walk('auditors, researchers and radiologists begin where their work is', async (stage) => {
  const { page, address, gateway } = stage;
  const enterAs = async (role: Role): Promise<void> => {
    const { username } = await createAccount(gateway, role, [role]);
    await page.goto(address);
    await fillSignIn(page, username);
    await page.getByRole('button', { name: `Account of ${username}` }).waitFor();
  };
  const leave = async (): Promise<void> => {
    await page.getByRole('button', { name: /^Account of/ }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await expect(page.getByText('this device was not used', { exact: false })).toHaveCount(0);
  };
  await enterAs('auditor');
  await page.getByRole('heading', { name: 'What you can do here' }).waitFor();
  await expect(page.getByText('Policy not known yet')).toHaveCount(0);
  await expect(page.getByRole('link', { name: 'Upload', exact: true })).toHaveCount(0);
  await looksRight(page, 'start-auditor');
  await page.getByRole('link', { name: /^Read and verify the audit trail/ }).click();
  await page.getByRole('heading', { name: 'Audit trail', level: 1 }).waitFor();
  await page.getByRole('link', { name: 'Start', exact: true }).click();
  await page.getByRole('link', { name: 'See sent studies' }).click();
  await page.getByRole('heading', { name: 'Studies', level: 1, exact: true }).waitFor();
  await page.locator('main[aria-busy=false]').waitFor();
  await expect(page.getByRole('link', { name: 'Choose a study' }), 'an auditor sends nothing').toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Select' }), 'nothing here can be selected').toHaveCount(0);
  await looksRight(page, 'studies-auditor');
  await page.getByRole('link', { name: 'Start', exact: true }).click();
  await page.getByRole('link', { name: /^See AI results/ }).click();
  await page.getByRole('heading', { name: 'Results', level: 1 }).waitFor();
  await expect(page.getByRole('link', { name: 'Run AI' }), 'an auditor runs no model').toHaveCount(0);
  await page.getByRole('link', { name: 'Start', exact: true }).click();
  await page.getByRole('link', { name: /^Check a receipt/ }).click();
  await page.getByLabel(/^Or paste the text/).fill('a parking ticket');
  await page.getByRole('button', { name: 'Check this text' }).click();
  await page.getByText('This is not a receipt').waitFor();
  await page.getByRole('link', { name: 'Start', exact: true }).click();
  await page.getByRole('link', { name: /^Compare the models/ }).click();
  await page.getByRole('heading', { name: 'Models', exact: true }).waitFor();
  await leave();
  await enterAs('researcher');
  await page.getByRole('link', { name: /^Send a study/ }).waitFor();
  await looksRight(page, 'start-researcher');
  await findsBackToStart(page);
  await leave();
  await enterAs('radiologist');
  await page.getByRole('heading', { name: 'Read', exact: true }).waitFor();
  await page.getByRole('link', { name: /^Studies/ }).click();
  await page.locator('.segment', { hasText: 'Yours' }).click();
  await page.getByText('You have not sent any studies').waitFor();
  await looksRight(page, 'studies-radiologist');
  await page.locator('main').getByRole('link', { name: 'Run AI' }).click();
  // Without a study of their own they find others'.
  await page.getByLabel('Patient name').waitFor();
  await page.getByRole('link', { name: 'Upload', exact: true }).click();
  await page.getByRole('button', { name: 'Choose files' }).waitFor();
});

/** Counts of neighbouring places of a track that nothing keeps apart. */
const touchingCounts = (page: Page): Promise<string[]> =>
  page.locator('.place-count').evaluateAll((counts) => {
    const boxes = counts.map((count) => {
      const text = document.createRange();
      text.selectNodeContents(count);
      return { text: count.textContent, box: text.getBoundingClientRect() };
    });
    return boxes
      .slice(1)
      .map(({ text, box }, at) => ({
        says: `${boxes[at]!.text} ${text}`,
        gap: box.left - boxes[at]!.box.right,
      }))
      .filter(({ gap }) => gap < 8)
      .map(({ says }) => says);
  });

walk(
  'help is there before signing in; settings tell what the device holds, and nobody’s name',
  async (stage) => {
    const { page, address, visitor } = stage;
    await page.goto(address);
    await page.getByRole('link', { name: 'Help' }).click();
    await page.getByRole('heading', { name: 'When something goes wrong' }).waitFor();
    await page.getByRole('heading', { name: 'It says “PACS not reachable”' }).waitFor();
    await expect.poll(() => touchingCounts(page)).toEqual([]);
    await looksRight(page, 'help-signed-out');
    await page.getByRole('link', { name: 'Back to sign-in' }).click();
    await stage.enter();
    const study = syntheticStudy({
      seed: stage.seed(0),
      patient: { name: 'Lockmann^Vera', id: 'LOCK-4711' },
    });
    await goOffline(page);
    await sendStudy(
      page,
      study.instances.map(({ fileName, bytes }) => onDisk(fileName, bytes)),
    );
    await page.getByRole('button', { name: /^Account of/ }).click();
    await page.getByRole('link', { name: 'Settings and storage' }).click();
    await page.getByText('1 study, 3 images').waitFor();
    await page.getByText('After 15 minutes without input', { exact: false }).waitFor();
    await page.getByText('Report for your IT staff').click();
    await page.getByText('studies waiting for: offline 1', { exact: false }).waitFor();
    await expect(page.locator('#content')).not.toHaveText(/Lockmann|Vera|LOCK/, { useInnerText: true });
    await looksRight(page, 'settings');
    await page.getByLabel('Very large').check();
    await looksRight(page, 'settings-large');
    await visitor.setOffline(false);
    await page.reload();
    await expect(page.getByLabel('Very large'), 'the choice is kept').toBeChecked();
    await page.getByLabel('Normal').check();
    await page.getByRole('button', { name: /^Account of/ }).click();
    await page.getByRole('link', { name: 'Help' }).click();
    await page.getByText('save it for a USB stick', { exact: false }).waitFor();
    await page.getByText('Ask your PACS administrator to remove it.', { exact: false }).waitFor();
    await looksRight(page, 'help');
  },
);

test.run();
