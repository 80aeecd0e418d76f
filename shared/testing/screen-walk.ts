/**
 * The app as a person meets it: a page of a real Chromium, a real gateway, a real Orthanc. Each walk begins where
 * a person begins: with an account and a device that have no past, so that walks do not depend on their order.
 * Walks that leave nothing behind may share them. The app is installed only for walks that need it without a network
 * or after a reload without one: that takes longer than most walks.
 */
import type { BrowserContext, Page } from 'playwright-core';
import type { Test } from 'uvu';
import type { Role } from '#shared/protocol/api.ts';
import { createAccount, type Account } from './accounts.ts';
import { seedsOf, signIn, untilInstalled, untilPolicyKnown } from './app-page.ts';
import { skip } from './environment.ts';
import { keepFailure } from './failures.ts';
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
  /** Opens the app, and signs in where nobody has; resolves when it knows under which policy it sends. */
  enter(): Promise<void>;
};

type DefineWalk<W extends World> = (name: string, run: (stage: Stage<W>) => Promise<void>) => void;
export type Walk<W extends World = World> = DefineWalk<W> & {
  /** With the app installed: what a person does without a network. */
  readonly installed: DefineWalk<W>;
};

export type WalkOptions<W extends World> = {
  /** The name of the suite. */
  readonly name: string;
  /** Roles of the account that each walk gets. */
  readonly roles: readonly Role[];
  readonly open: () => Promise<W>;
  /** All walks come with one account and one device, each on a page of its own; they leave nothing behind. */
  readonly isOneVisit?: boolean;
};

/** A person with a device, and the link between it and the gateway. */
type Visit = Pick<World, 'link' | 'bytes' | 'address'> & {
  readonly visitor: BrowserContext;
  readonly account: Account;
  readonly isInstalled: boolean;
  isSignedIn: boolean;
};

async function beginVisit(world: World, roles: readonly Role[], isInstalled: boolean): Promise<Visit> {
  const account = await createAccount(world.gateway, 'tess', roles);
  const visitor = await world.openVisitor({ isInstalled });
  const bytes = createUploadBytes();
  const link = await startLink(Number(new URL(world.gateway.web).port), 0, () => bytes.listen());
  const address = `http://127.0.0.1:${link.port}`;
  return { account, visitor, bytes, link, address, isInstalled, isSignedIn: false };
}

/** A page that asks for something while it closes must not fail the walk that answers in the gateway's place. */
async function endRoutes({ visitor }: Visit): Promise<void> {
  for (const context of visitor.browser()!.contexts())
    for (const routed of [context, ...context.pages()]) await routed.unrouteAll({ behavior: 'ignoreErrors' });
}

async function endVisit({ visitor, link }: Visit): Promise<void> {
  await visitor.close();
  await link.stop();
}

async function openStage<W extends World>(world: W, visit: Visit, name: string): Promise<Stage<W>> {
  const page = await visit.visitor.newPage();
  return {
    ...world,
    ...visit,
    page,
    seed: seedsOf(name),
    async enter() {
      await page.goto(visit.address);
      if (!visit.isSignedIn) await signIn(page, visit.account.username);
      visit.isSignedIn = true;
      if (visit.isInstalled) await untilInstalled(page);
      await untilPolicyKnown(page);
    },
  };
}

/** Gives every test of the suite a stage; skipped, and says so, where there is no Chromium or no Orthanc. */
export async function walkScreens<W extends World>(
  test: Test,
  { name, roles, open, isOneVisit = false }: WalkOptions<W>,
): Promise<Walk<W>> {
  const why = await noWorldBecause();
  let world: W | undefined;
  let visit: Visit | undefined;
  test.before(async () => {
    if (why === null) world = await open();
  });
  test.after(async () => {
    if (visit !== undefined) await endVisit(visit);
    await world?.close();
  });
  const walk =
    (isInstalled: boolean): DefineWalk<W> =>
    (does, run) =>
      test(does, async () => {
        if (why !== null) skip(`${name}: ${does}`, why);
        if (visit !== undefined && visit.isInstalled !== isInstalled) {
          await endVisit(visit);
          visit = undefined;
        }
        visit ??= await beginVisit(world!, roles, isInstalled);
        const own = visit;
        const stage = await openStage(world!, own, `${name}: ${does}`);
        try {
          await run(stage);
        } catch (error) {
          await keepFailure(error);
          throw error;
        } finally {
          await endRoutes(own);
          await stage.page.close();
          if (!isOneVisit) {
            // A walk that took too long ends while the next one is under way.
            if (visit === own) visit = undefined;
            await endVisit(own);
          }
        }
      });
  return Object.assign(walk(false), { installed: walk(true) });
}
