/**
 * The app as a person meets it: one page of a real Chromium, a real gateway, a real Orthanc, and steps that
 * are walked in their order. Pictures of what `looksRight` is shown go to the folder that RELAY_SCREENSHOTS
 * names.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildWebApp, isWebAppCurrent } from '../../scripts/build.ts';
import { findOrthanc, startOrthanc, type RunningOrthanc } from '../../scripts/system/orthanc.ts';
import { freePort } from '../../scripts/system/ports.ts';
import { PASSWORD } from './app-under-test.ts';
import { PATIENCE_MS, skip, testEnvironment } from './environment.ts';
import { createGatewayUnderTest, type GatewayUnderTest } from './gateway-under-test.ts';
import { inspectPage, openBrowser, openVisitor } from './inspect-page.ts';

export type World = {
  readonly folder: string;
  readonly orthanc: RunningOrthanc;
  readonly gateway: GatewayUnderTest;
  readonly browser: Browser;
  readonly visitor: BrowserContext;
  readonly page: Page;
};

/** A promise that is walked in order: each step starts where the one before it ended. */
export type Step = (name: string, run: (world: World) => Promise<void>) => void;

/**
 * Gives the suite its world; skipped, and says so, where there is no Chromium or no Orthanc. `name` is the
 * suite's.
 */
export async function walkScreens(test: Test, name: string): Promise<Step> {
  const { chromium } = testEnvironment();
  const why =
    chromium === null
      ? 'there is no Chromium'
      : (await findOrthanc()) === null
        ? 'Orthanc is not installed'
        : null;
  let world: World | undefined;
  test.before(async () => {
    if (why !== null || chromium === null) return;
    if (!(await isWebAppCurrent())) await buildWebApp();
    const folder = await mkdtemp(join(tmpdir(), 'relay-screens-'));
    const orthanc = await startOrthanc({ folder: join(folder, 'orthanc') });
    const gateway = createGatewayUnderTest({
      port: await freePort(),
      webPort: await freePort(),
      dataDir: join(folder, 'data'),
      pacs: orthanc,
      adminPassword: PASSWORD,
    });
    await gateway.start();
    const browser = await openBrowser(chromium);
    const visitor = await openVisitor(browser);
    const page = await visitor.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    world = { folder, orthanc, gateway, browser, visitor, page };
  });
  test.after(async () => {
    if (world === undefined) return;
    await world.browser.close();
    await world.gateway.stop();
    await world.orthanc.stop();
    await rm(world.folder, { recursive: true, force: true });
  });
  return (does, run) => test(does, async () => (why === null ? run(world!) : skip(`${name}: ${does}`, why)));
}

/** In every window and both themes: accessible, targets large enough, nothing scrolls sideways. */
export async function looksRight(page: Page, name: string): Promise<void> {
  const faults = await inspectPage(page, name, process.env['RELAY_SCREENSHOTS']);
  assert.equal(
    faults,
    [],
    `${name}\n${faults.map(({ window, theme, fault }) => `${window}, ${theme}: ${fault}`).join('\n')}`,
  );
}
