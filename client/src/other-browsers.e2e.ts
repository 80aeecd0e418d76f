// test:all: Needs Firefox and WebKit; by day main-job.e2e.ts sends by Chromium.
/**
 * Firefox and WebKit send too: sign in, choose files, send, and the receipt, against the real gateway and a
 * real Orthanc. Neither has Background Sync, so both must ask for the page to stay open while something
 * waits.
 *
 * The test asks each browser which APIs it lacks; docs/install.md, *Browsers*, says how the app copes.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createAccount, PASSWORD } from '#testing/accounts.ts';
import { filesOf, instancesSentBy, seedsOf, untilControlled } from '#testing/app-page.ts';
import type { DrivenPage } from '#testing/driven-browser.ts';
import { skip, testEnvironment } from '#testing/environment.ts';
import { openFirefox } from '#testing/firefox.ts';
import { openWebKit } from '#testing/webkit.ts';
import { noPacsBecause, openWorld, type World } from '#testing/world.ts';

const { firefox, webkit } = testEnvironment();
const test = suite('other browsers');
const why = await noPacsBecause();
const seed = seedsOf('other browsers');

/** Runs in the page: the optional APIs that this browser lacks. */
function lackingApis(): string[] {
  const has: Readonly<Record<string, boolean>> = {
    'Background Sync': 'SyncManager' in window,
    'Periodic Background Sync': 'PeriodicSyncManager' in window,
    'folder picker': 'showDirectoryPicker' in window,
    'handles of dropped files': 'getAsFileSystemHandle' in DataTransferItem.prototype,
    'launch queue': 'launchQueue' in window,
    'network information': 'connection' in navigator,
    'persistent storage': 'persist' in (navigator.storage ?? {}),
    'storage estimate': 'estimate' in (navigator.storage ?? {}),
    'idle callbacks': 'requestIdleCallback' in window,
    'screen wake lock': 'wakeLock' in navigator,
    'web locks': 'locks' in navigator,
    'compression streams': 'CompressionStream' in window,
  };
  return Object.keys(has).filter((name) => !has[name]);
}

/** docs/install.md, *Browsers*, says how the app copes without each. */
const NO_BROWSER_BUT_CHROMIUM_HAS = [
  'Background Sync',
  'Periodic Background Sync',
  'folder picker',
  'handles of dropped files',
  'launch queue',
  'network information',
];

let world: World;
test.before(async () => {
  if (why === null) world = await openWorld();
});
test.after(async () => world?.close());

/** Two series, so two parcels. */
async function writeStudy(nth: number): Promise<string[]> {
  return Promise.all(
    filesOf({ seed: seed(nth), series: 2 }).map(async ({ name, buffer }) => {
      await writeFile(join(world.folder, name), buffer);
      return join(world.folder, name);
    }),
  );
}

/** Signs in, sends a study over a link that is cut at first, and waits for its receipt. */
async function sendFrom(page: DrivenPage, username: string, paths: readonly string[]): Promise<void> {
  await page.goto(world.address);
  await page.fill('User name', username);
  await page.fill('Password', PASSWORD);
  await page.pressButton('Sign in');
  await page.untilText('Names are removed before sending');
  await page.evaluate(untilControlled);
  await page.chooseFiles('input[data-picks=files]', paths);
  await page.untilText('1 study found');
  world.link.cut();
  await page.pressButton('Send 1 study');
  await page.untilText(`Keep this page open: ${paths.length} images are safe here`);
  world.link.mend();
  await page.untilText('Nothing is waiting on this device');
  await page.untilText('In the PACS');
}

/** Sends the study and returns the APIs that this browser lacks. */
async function lackedBy(page: DrivenPage, paths: readonly string[]): Promise<string[]> {
  const { username } = await createAccount(world.gateway, 'tess', ['technician']);
  try {
    await sendFrom(page, username, paths);
    assert.is(await instancesSentBy(world, username), paths.length);
    const lacking = await page.evaluate(lackingApis);
    process.stdout.write(`\n${page.version} lacks ${lacking.join(', ')}\n`);
    return lacking;
  } finally {
    world.link.mend();
    await page.close();
  }
}

test('Firefox sends a study and gets its receipt', async () => {
  if (why !== null) skip('Firefox', why);
  if (firefox === null) skip('Firefox', 'there is no Firefox');
  const lacking = await lackedBy(await openFirefox(firefox), await writeStudy(1));
  assert.equal(lacking, [...NO_BROWSER_BUT_CHROMIUM_HAS]);
});

test('WebKit sends a study and gets its receipt', async () => {
  if (why !== null) skip('WebKit', why);
  if (webkit === null) skip('WebKit', 'there is no WebKitWebDriver with its MiniBrowser, or no Xvfb');
  const lacking = await lackedBy(await openWebKit(webkit), await writeStudy(2));
  for (const name of NO_BROWSER_BUT_CHROMIUM_HAS) assert.ok(lacking.includes(name), name);
});

test.run();
