/**
 * The whole product around a browser: a real Orthanc, a gateway behind a link that can be cut, and Chromium.
 *
 * `openWorld` gives the gateway and the Orthanc that all tests of a run share (`RELAY_TEST_WORLD`): nothing of them may
 * be stopped or configured; accounts, studies, the link and the Chromium are the test's own. A file that is
 * run by itself opens one of its own. `openOwnWorld` is for tests that stop, restart or configure a part.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';
import { bringWebApp } from '../../scripts/build.ts';
import { findOrthanc, startOrthanc, type RunningOrthanc } from '../../scripts/system/orthanc.ts';
import { freePort } from '../../scripts/system/ports.ts';
import { PASSWORD } from './accounts.ts';
import type { Ear } from './balancer.ts';
import { testEnvironment } from './environment.ts';
import { atFailure } from './failures.ts';
import { createGatewayUnderTest, type GatewayUnderTest } from './gateway-under-test.ts';
import { openBrowser, openProfile, openVisitor, type VisitorOptions } from './inspect-page.ts';
import { startLink, type Link } from './link.ts';
import { createUploadBytes, type UploadBytes } from './upload-bytes.ts';

export type World = {
  /** For this test's own files; removed at the end. */
  readonly folder: string;
  readonly orthanc: Pick<RunningOrthanc, 'url' | 'restUrl' | 'authorization'>;
  readonly gateway: Pick<GatewayUnderTest, 'api' | 'web'>;
  /** A link of this test's own before the gateway's web app. */
  readonly link: Link;
  /** The bytes of parcels that passed on the link. */
  readonly bytes: UploadBytes;
  /** The address of the app, behind the link. It outlives restarts of everything. */
  readonly address: string;
  /** A context without a past, in the one Chromium of this file. */
  openVisitor(options?: VisitorOptions): Promise<BrowserContext>;
  /** A Chromium of this test's own, with the profile that the last one left: the one before it is closed. */
  openBrowser(): Promise<BrowserContext>;
  close(): Promise<void>;
};

/** A world whose parts may be stopped, started and configured. */
export type OwnWorld = World & {
  readonly orthanc: RunningOrthanc;
  readonly gateway: GatewayUnderTest;
  /** Between the gateway and the PACS. */
  readonly pacsLink: Link;
  readonly dataDir: string;
  /** The folder of `openBrowser`'s profile. */
  readonly profile: string;
};

export type OwnWorldOptions = {
  /** The sources to run the gateway from, with a web app of their own. */
  readonly root?: string;
  /** Further settings of the gateway. */
  readonly env?: Readonly<Record<string, string>>;
  /** Hear everything that passes between app and gateway, and between gateway and PACS. */
  readonly tapToGateway?: () => Ear;
  readonly tapToPacs?: () => Ear;
};

/** The shared parts as their keeper announces them (keep-world.ts). */
export type SharedWorld = Pick<World, 'orthanc' | 'gateway'> & { readonly webPort: number };

/** Why no world can be opened here, even without a browser; null where one can. */
export async function noPacsBecause(): Promise<string | null> {
  return (await findOrthanc()) === null ? 'Orthanc is not installed' : null;
}

/** Why no world with a Chromium can be opened here; null where one can. */
export async function noWorldBecause(): Promise<string | null> {
  return testEnvironment().chromium === null ? 'there is no Chromium' : noPacsBecause();
}

type Parts = Pick<World, 'folder' | 'orthanc' | 'gateway'>;
type Around = {
  readonly webPort: number;
  readonly tap?: () => Ear;
  readonly stop: () => Promise<void>;
};

function pathOf(browser: 'chromium' | 'headlessShell'): string {
  const { chromium, headlessShell } = testEnvironment();
  const path = browser === 'chromium' ? chromium : headlessShell;
  if (path === null) throw new Error('there is no Chromium');
  return path;
}

const profileIn = (folder: string): string => join(folder, 'profile');

/** Each of its pages in words and as a picture; all its actions, requests and console lines as a trace. */
async function keepContext(context: BrowserContext, place: string): Promise<void> {
  await Promise.allSettled([
    context.tracing.stop({ path: `${place}.zip` }),
    ...context.pages().flatMap((page, at) => [
      page.screenshot({ path: `${place}-page-${at}.png` }),
      page
        .locator('body')
        .innerText()
        .then((said) => writeFile(`${place}-page-${at}.txt`, `${page.url()}\n\n${said}\n`)),
    ]),
  ]);
}

/** Adds what belongs to one test: its link and its browsers. */
async function worldAround<P extends Parts>(parts: P, { webPort, tap, stop }: Around): Promise<P & World> {
  const bytes = createUploadBytes();
  const link = await startLink(webPort, 0, tap ?? (() => bytes.listen()));
  let browser: Promise<Browser> | null = null;
  let profile: BrowserContext | null = null;
  const forget = atFailure(async (folder) => {
    const contexts = [...((await browser)?.contexts() ?? []), ...(profile === null ? [] : [profile])];
    await Promise.all(contexts.flatMap((context, at) => keepContext(context, join(folder, `browser-${at}`))));
  });
  return {
    ...parts,
    link,
    bytes,
    address: `http://127.0.0.1:${link.port}`,
    async openVisitor(options) {
      browser ??= openBrowser(pathOf('headlessShell'));
      return openVisitor(await browser, options);
    },
    async openBrowser() {
      await profile?.close();
      profile = await openProfile(pathOf('chromium'), profileIn(parts.folder));
      return profile;
    },
    async close() {
      forget();
      await profile?.close();
      await (await browser)?.close();
      await link.stop();
      await stop();
      await rm(parts.folder, { recursive: true, force: true });
    },
  };
}

async function startLinkToPacs(
  orthanc: RunningOrthanc,
  tap?: () => Ear,
): Promise<{ link: Link; url: string }> {
  const { port, pathname } = new URL(orthanc.url);
  const link = await startLink(Number(port), 0, tap);
  return { link, url: `http://127.0.0.1:${link.port}${pathname}` };
}

/** A world for tests that stop, restart or configure a part of it. */
export async function openOwnWorld({
  root,
  env,
  tapToGateway,
  tapToPacs,
}: OwnWorldOptions = {}): Promise<OwnWorld> {
  if (root === undefined) await bringWebApp();
  const folder = await mkdtemp(join(tmpdir(), 'relay-world-'));
  const orthanc = await startOrthanc({ folder: join(folder, 'orthanc') });
  const { link: pacsLink, url } = await startLinkToPacs(orthanc, tapToPacs);
  const webPort = await freePort();
  const dataDir = join(folder, 'data');
  const gateway = createGatewayUnderTest({
    port: await freePort(),
    webPort,
    dataDir,
    pacs: { url, authorization: orthanc.authorization },
    adminPassword: PASSWORD,
    ...(root === undefined ? {} : { root }),
    ...(env && { env }),
  });
  await gateway.start();
  return worldAround(
    { folder, orthanc, gateway, pacsLink, dataDir, profile: profileIn(folder) },
    {
      webPort,
      ...(tapToGateway && { tap: tapToGateway }),
      async stop() {
        await gateway.stop();
        await pacsLink.stop();
        await orthanc.stop();
      },
    },
  );
}

/** The shared world, or this file's own if there is no shared one. */
export async function openWorld(): Promise<World> {
  const { world: keeper } = testEnvironment();
  if (keeper === null) return openOwnWorld();
  const answer = await fetch(keeper);
  if (!answer.ok) throw new Error(`the shared gateway did not start: ${await answer.text()}`);
  const { webPort, ...parts } = (await answer.json()) as SharedWorld;
  atFailure(async (folder) =>
    writeFile(join(folder, 'gateway.log'), await (await fetch(`${keeper}/log`)).text()),
  );
  return worldAround(
    { ...parts, folder: await mkdtemp(join(tmpdir(), 'relay-world-')) },
    { webPort, stop: async () => undefined },
  );
}
