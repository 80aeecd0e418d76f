/**
 * The whole product around a browser: a real Orthanc, a gateway behind a link that can be cut, and Chromium.
 *
 * `openWorld` gives the one that all tests of a run share (`RELAY_TEST_WORLD`): nothing in it may be stopped or
 * configured, accounts, studies and browser contexts are the test's own, and the link is too. A file that is
 * run by itself opens one of its own. `openOwnWorld` is for tests that stop, restart or configure a part.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext } from 'playwright-core';
import { buildWebApp, isWebAppCurrent } from '../../scripts/build.ts';
import { findOrthanc, startOrthanc, type RunningOrthanc } from '../../scripts/system/orthanc.ts';
import { freePort } from '../../scripts/system/ports.ts';
import { PASSWORD } from './accounts.ts';
import type { Ear } from './balancer.ts';
import { PATIENCE_MS, testEnvironment } from './environment.ts';
import { createGatewayUnderTest, type GatewayUnderTest } from './gateway-under-test.ts';
import { openBrowser, openProfile, openVisitor } from './inspect-page.ts';
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
  /** A context without a past in a Chromium that other tests may use too. */
  openVisitor(): Promise<BrowserContext>;
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
  /** Of `openBrowser`. */
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
/** `endpoint`: where Playwright reaches the Chromium. */
export type SharedBrowser = { readonly endpoint: string };

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
  readonly connect: () => Promise<Browser>;
  readonly stop: () => Promise<void>;
};

function pathOf(browser: 'chromium' | 'headlessShell'): string {
  const { chromium, headlessShell } = testEnvironment();
  const path = browser === 'chromium' ? chromium : headlessShell;
  if (path === null) throw new Error('there is no Chromium');
  return path;
}

const profileIn = (folder: string): string => join(folder, 'profile');

/** Adds what belongs to one test: its link and its browsers. */
async function worldAround<P extends Parts>(
  parts: P,
  { webPort, tap, connect, stop }: Around,
): Promise<P & World> {
  const bytes = createUploadBytes();
  const link = await startLink(webPort, 0, tap ?? (() => bytes.listen()));
  let browser: Promise<Browser> | null = null;
  let profile: BrowserContext | null = null;
  return {
    ...parts,
    link,
    bytes,
    address: `http://127.0.0.1:${link.port}`,
    async openVisitor() {
      browser ??= connect();
      const visitor = await openVisitor(await browser);
      visitor.setDefaultTimeout(PATIENCE_MS);
      return visitor;
    },
    async openBrowser() {
      await profile?.close();
      profile = await openProfile(pathOf('chromium'), profileIn(parts.folder));
      profile.setDefaultTimeout(PATIENCE_MS);
      return profile;
    },
    async close() {
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
  if (root === undefined && !(await isWebAppCurrent())) await buildWebApp();
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
      connect: () => openBrowser(pathOf('headlessShell')),
      async stop() {
        await gateway.stop();
        await pacsLink.stop();
        await orthanc.stop();
      },
    },
  );
}

/** @throws Error that says why the keeper could not start it. */
async function askKeeper<T>(keeper: string, part: 'gateway' | 'browser'): Promise<T> {
  const answer = await fetch(`${keeper}/${part}`);
  if (!answer.ok) throw new Error(`the shared ${part} did not start: ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** The shared world, or this file's own if there is no shared one. */
export async function openWorld(): Promise<World> {
  const { world: keeper } = testEnvironment();
  if (keeper === null) return openOwnWorld();
  const { webPort, ...parts } = await askKeeper<SharedWorld>(keeper, 'gateway');
  return worldAround(
    { ...parts, folder: await mkdtemp(join(tmpdir(), 'relay-world-')) },
    {
      webPort,
      connect: async () => chromium.connect((await askKeeper<SharedBrowser>(keeper, 'browser')).endpoint),
      stop: async () => undefined,
    },
  );
}
