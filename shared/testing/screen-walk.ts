/**
 * The app as a person meets it: a page of a real Chromium, a real gateway, a real Orthanc. Each walk begins where
 * a person begins: with an account and a device that have no past, so that walks do not depend on their order.
 */
import type { BrowserContext, Page } from 'playwright-core';
import type { Test } from 'uvu';
import type { Role } from '#shared/protocol/api.ts';
import { createAccount, type Account } from './accounts.ts';
import { seedsOf, signIn, untilInstalled, untilPolicyKnown } from './app-page.ts';
import { skip } from './environment.ts';
import { startLink } from './link.ts';
import { createUploadBytes } from './upload-bytes.ts';
import { noWorldBecause, type World } from './world.ts';

/** Where a walk begins; the link is its own too. */
export type Stage<W extends World = World> = W & {
  readonly visitor: BrowserContext;
  /** Empty until `enter`, or until the walk goes somewhere. */
  readonly page: Page;
  readonly account: Account;
  /** Seeds of studies that no other walk uses. */
  seed(nth: number): number;
  /** Opens the app and signs in; resolves when it is installed and knows under which policy it sends. */
  enter(): Promise<void>;
};

export type Walk<W extends World = World> = (name: string, run: (stage: Stage<W>) => Promise<void>) => void;

export type WalkOptions<W extends World> = {
  /** The name of the suite. */
  readonly name: string;
  /** Of the account that each walk gets. */
  readonly roles: readonly Role[];
  readonly open: () => Promise<W>;
};

async function openStage<W extends World>(world: W, roles: readonly Role[], name: string): Promise<Stage<W>> {
  const account = await createAccount(world.gateway, 'tess', roles);
  const visitor = await world.openVisitor();
  const page = await visitor.newPage();
  const bytes = createUploadBytes();
  const link = await startLink(Number(new URL(world.gateway.web).port), 0, () => bytes.listen());
  const address = `http://127.0.0.1:${link.port}`;
  return {
    ...world,
    link,
    bytes,
    address,
    visitor,
    page,
    account,
    seed: seedsOf(name),
    async enter() {
      await page.goto(address);
      await signIn(page, account.username);
      await untilInstalled(page);
      await untilPolicyKnown(page);
    },
  };
}

/**
 * Gives every test of the suite a stage of its own; skipped, and says so, where there is no Chromium or no
 * Orthanc.
 */
export async function walkScreens<W extends World>(
  test: Test,
  { name, roles, open }: WalkOptions<W>,
): Promise<Walk<W>> {
  const why = await noWorldBecause();
  let world: W | undefined;
  test.before(async () => {
    if (why === null) world = await open();
  });
  test.after(async () => world?.close());
  return (does, run) =>
    test(does, async () => {
      if (why !== null) skip(`${name}: ${does}`, why);
      const stage = await openStage(world!, roles, `${name}: ${does}`);
      try {
        await run(stage);
      } finally {
        await stage.visitor.close();
        await stage.link.stop();
      }
    });
}
