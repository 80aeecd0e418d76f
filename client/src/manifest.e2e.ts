/**
 * The installable app: Chromium's own parser finds no fault in the manifest, every picture exists in the
 * declared size, and files handed over by the system are read.
 *
 * With RELAY_DRAW_PICTURES the pictures in client/public are drawn again: icons from their SVG, screenshots
 * of the running app.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createAccount, type Account } from '#testing/accounts.ts';
import { filesOf, openApp, seedsOf, signIn } from '#testing/app-page.ts';
import { skipped } from '#testing/environment.ts';
import { expect } from '#testing/expect.ts';
import { noWorldBecause, openWorld, type World } from '#testing/world.ts';

const PUBLIC = fileURLToPath(new URL('../public', import.meta.url));
const ICONS = [
  ['icon', 192],
  ['icon', 512],
  ['icon-maskable', 192],
  ['icon-maskable', 512],
] as const;
const SCREENS = {
  wide: { viewport: { width: 1280, height: 800 } },
  narrow: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
} as const;

const test = suite('the app as something to install');
const why = await noWorldBecause();
const seed = seedsOf('the app as something to install');

/** Width and height of a PNG (W3C PNG §11.2.1, IHDR). */
function sizeOf(png: Buffer): string {
  return `${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`;
}

async function drawIcons(browser: Browser): Promise<void> {
  const page = await browser.newPage();
  for (const [name, size] of ICONS) {
    const svg = await readFile(join(PUBLIC, `${name}.svg`), 'utf8');
    await page.setViewportSize({ width: size, height: size });
    await page.setContent(`<style>body{margin:0}svg{display:block;width:100vw;height:100vh}</style>${svg}`);
    await page.screenshot({ path: join(PUBLIC, `${name}-${size}.png`), omitBackground: true });
  }
  await page.close();
}

async function drawScreens({ address }: World, { username }: Account, browser: Browser): Promise<void> {
  await mkdir(join(PUBLIC, 'screenshots'), { recursive: true });
  for (const [form, screen] of Object.entries(SCREENS)) {
    const page = await (
      await browser.newContext({ ...screen, locale: 'en-GB', colorScheme: 'light', reducedMotion: 'reduce' })
    ).newPage();
    await page.goto(address);
    await signIn(page, username);
    await page.getByText('Names are removed before sending').first().waitFor();
    // The app's own sample, which contains no real person.
    const chooseSample = async () => {
      await page.getByRole('button', { name: /^Try it with a sample study/ }).click();
      await page.getByRole('button', { name: 'Send 1 study' }).waitFor();
      await page.locator('canvas').first().waitFor();
    };
    await chooseSample();
    await page.screenshot({ path: join(PUBLIC, 'screenshots', `upload-${form}.png`) });
    await page.getByRole('button', { name: 'Send 1 study' }).click();
    await page.locator('[data-part=arrived] .queue-name a').waitFor();
    await page.context().setOffline(true);
    await page.getByRole('link', { name: 'Upload' }).click();
    await chooseSample();
    await page.getByRole('button', { name: 'Send 1 study' }).click();
    await page.getByText('You can close this page', { exact: false }).waitFor();
    await page.locator('.pace-wait').waitFor();
    await page.screenshot({ path: join(PUBLIC, 'screenshots', `queue-${form}.png`) });
    await page.context().close();
  }
}

if (why !== null) {
  skipped('the app as something to install', why);
} else {
  let world: World;
  let visitor: BrowserContext;
  let page: Page;
  test.before(async () => {
    world = await openWorld();
    const account = await createAccount(world.gateway, 'tess', ['technician']);
    visitor = await world.openVisitor();
    if (process.env['RELAY_DRAW_PICTURES']) {
      await drawIcons(visitor.browser()!);
      await drawScreens(world, account, visitor.browser()!);
    }
    page = await openApp(visitor, world, account.username);
  });
  test.after(async () => {
    await visitor.close();
    await world.close();
  });

  test('Chromium reads the manifest without a fault and would install the app', async () => {
    const debug = await page.context().newCDPSession(page);
    const { errors, data } = await debug.send('Page.getAppManifest');
    assert.equal(errors, []);
    // Chromium's remark about a private window does not concern the app.
    const { installabilityErrors } = await debug.send('Page.getInstallabilityErrors');
    assert.equal(
      installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito'),
      [],
    );
    const manifest = JSON.parse(data!) as {
      id: string;
      shortcuts: { name: string }[];
      screenshots: Picture[];
      icons: Picture[];
    };
    assert.is(manifest.id, '/');
    assert.equal(
      manifest.shortcuts.map(({ name }) => name),
      ['New upload', 'Studies'],
    );
    assert.equal(
      [...new Set(manifest.screenshots.map((picture) => picture.form_factor))],
      ['wide', 'narrow'],
    );
    for (const { src, sizes, type } of [...manifest.icons, ...manifest.screenshots]) {
      const answer = await fetch(new URL(src, world.address));
      assert.is(answer.status, 200, src);
      assert.is(answer.headers.get('content-type')?.split(';')[0], type);
      if (type === 'image/png') assert.is(sizeOf(Buffer.from(await answer.arrayBuffer())), sizes, src);
    }
  });
  type Picture = { src: string; sizes: string; type: string; form_factor?: string };

  test('files that the system opens with the app are read in the existing window, and a shortcut shows its page without reloading the app', async () => {
    // No system hands files to a browser without a window, so the test supplies the contents of the launch
    // queue.
    await page.addInitScript(() => {
      Object.defineProperty(window, 'launchQueue', {
        value: { setConsumer: (consumer: unknown) => Object.assign(window, { launch: consumer }) },
      });
    });
    await page.reload();
    await page.getByRole('button', { name: 'Choose files' }).waitFor();
    type Launch = (launch: { targetURL: string; files: { getFile(): Promise<File> }[] }) => void;
    const launch = (hash: string, base64: string[]) =>
      page.evaluate(
        ([to, files]) => {
          const open = files.map(
            (text, index) =>
              new File([Uint8Array.from(atob(text), (character) => character.charCodeAt(0))], `${index}.dcm`),
          );
          (window as unknown as { launch: Launch }).launch({
            targetURL: new URL(`/${to}`, location.href).href,
            files: open.map((file) => ({ getFile: async () => file })),
          });
        },
        [hash, base64] as const,
      );
    await page.evaluate(() => Object.assign(window, { isTheSame: true }));
    await launch('#/studies', []);
    await page.getByRole('heading', { name: 'Studies', level: 1, exact: true }).waitFor();
    await launch(
      '',
      filesOf({ seed: seed(5) }).map(({ buffer }) => buffer.toString('base64')),
    );
    await page.getByRole('heading', { name: '1 study found' }).waitFor();
    await expect.poll(() => page.evaluate(() => 'isTheSame' in window)).toBe(true);
  });
}

test.run();
