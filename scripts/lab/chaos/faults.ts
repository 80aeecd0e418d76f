/**
 * Random faults. Each breaks something and says how to repair it; the break lasts for a step or more, so that
 * faults overlap. `isLossy`: an answer of the PACS may be lost with it, so that instances are posted once
 * more.
 */
import type { CommandLine } from './command-line.ts';
import type { PageDevice } from './page.ts';
import type { World } from './world.ts';

export type Mend = () => Promise<void>;
export type Outcome =
  | { readonly kind: 'begun'; readonly mend: Mend | null }
  | { readonly kind: 'nothing-to-break' }
  | { readonly kind: 'impossible'; readonly why: string };
export type Scene = {
  readonly world: World;
  readonly commandLine: CommandLine;
  readonly random: () => number;
};
type PageScene = Scene & { readonly page: PageDevice };

export type Fault<S extends Scene = Scene> = {
  readonly name: string;
  /** How often it occurs, relative to the others. */
  readonly weight: number;
  readonly isLossy: boolean;
  /** The parts of it that can be broken only once at a time. */
  readonly breaks: string | null;
  begin(scene: S): Promise<Outcome>;
};

const begun = (mend: Mend | null = null): Outcome => ({ kind: 'begun', mend });

/** Below a day: beyond it a gateway rightly gives up what it was promised. */
const CLOCK_HOURS = 11;

function gatewayEnds(which: number, signal: 'SIGKILL' | 'SIGTERM'): Fault {
  return {
    name: `gateway ${signal === 'SIGKILL' ? 'killed' : 'stopped'}`,
    weight: signal === 'SIGKILL' ? 3 : 1,
    isLossy: true,
    breaks: `gateway-${which}`,
    async begin({ world }) {
      await world.gateways[which]!.kill(signal);
      return begun(async () => world.gateways[which]!.want());
    },
  };
}

const WORLD_FAULTS: readonly Fault[] = [
  gatewayEnds(0, 'SIGKILL'),
  gatewayEnds(1, 'SIGKILL'),
  gatewayEnds(0, 'SIGTERM'),
  gatewayEnds(1, 'SIGTERM'),
  {
    name: 'database crashed',
    weight: 4,
    isLossy: true,
    breaks: 'database',
    async begin({ world }) {
      await world.database.kill();
      return begun(() => world.database.start());
    },
  },
  {
    name: 'PACS killed',
    weight: 4,
    isLossy: true,
    breaks: 'pacs',
    async begin({ world }) {
      await world.pacs.kill();
      return begun(() => world.pacs.start());
    },
  },
  {
    name: 'link cut',
    weight: 6,
    isLossy: false,
    breaks: 'link',
    async begin({ world }) {
      world.link.cut();
      return begun(async () => world.link.mend());
    },
  },
  {
    name: 'link cut for a moment',
    weight: 8,
    isLossy: false,
    breaks: 'link',
    async begin({ world }) {
      world.link.cut();
      world.link.mend();
      return begun();
    },
  },
  {
    // Nobody is told: transfers under way hang, and continue or are cut when the link is back.
    name: 'link silent',
    weight: 5,
    isLossy: false,
    breaks: 'link',
    async begin({ world, random }) {
      const pause = world.link.pauseAfter(Math.floor(random() * 300_000));
      const isCut = random() < 0.5;
      return begun(async () => {
        if (isCut) world.link.cut();
        pause.resume();
        world.link.mend();
      });
    },
  },
  {
    name: 'clocks set',
    weight: 3,
    isLossy: false,
    breaks: null,
    async begin({ world, random }) {
      if (world.faketime === null) return { kind: 'impossible', why: 'libfaketime is not installed' };
      await world.setClocks(Math.round((2 * random() - 1) * CLOCK_HOURS * 3600));
      return begun();
    },
  },
  {
    name: 'gateways without room',
    weight: 3,
    isLossy: false,
    breaks: 'storage',
    async begin({ world }) {
      if (world.storage.why !== null) return { kind: 'impossible', why: world.storage.why };
      await world.storage.fill();
      return begun(() => world.storage.free());
    },
  },
  {
    name: 'command line killed',
    weight: 4,
    isLossy: false,
    breaks: null,
    begin: async ({ commandLine, random }) =>
      commandLine.killOne(random) ? begun() : { kind: 'nothing-to-break' },
  },
];

/**
 * Days: the clock of a tablet whose battery was empty may show any date. Two jumps stay below KEPT_DAYS
 * (forget-finished.ts): of what arrived longer ago the device knows nothing that could be judged.
 */
const PAGE_CLOCK_DAYS = 14;
/** Less than any study needs. */
const PAGE_ROOM_BYTES = 300_000;

const PAGE_FAULTS: readonly Fault<PageScene>[] = [
  {
    name: 'tab reloaded',
    weight: 4,
    isLossy: false,
    breaks: null,
    begin: async ({ page, random }) => ((await page.reload(random)) ? begun() : { kind: 'nothing-to-break' }),
  },
  {
    name: 'tab killed',
    weight: 5,
    isLossy: false,
    breaks: null,
    begin: async ({ page, random }) =>
      (await page.killTab(random)) ? begun() : { kind: 'nothing-to-break' },
  },
  {
    name: 'browser killed',
    weight: 4,
    isLossy: false,
    breaks: 'browser',
    async begin({ page }) {
      await page.killBrowser();
      return begun(async () => page.want());
    },
  },
  {
    name: 'tabs closed, worker called',
    weight: 4,
    isLossy: false,
    breaks: 'browser',
    async begin({ page }) {
      await page.closeTabs();
      await page.sync();
      return begun(async () => page.want());
    },
  },
  {
    name: 'service worker stopped',
    weight: 4,
    isLossy: false,
    breaks: null,
    async begin({ page, random }) {
      if (!(await page.stopWorkers())) return { kind: 'nothing-to-break' };
      if (random() < 0.5) await page.sync();
      return begun();
    },
  },
  {
    name: 'page’s clock set',
    weight: 3,
    isLossy: false,
    breaks: null,
    async begin({ page, random }) {
      await page.setClock(Math.round((2 * random() - 1) * PAGE_CLOCK_DAYS));
      return begun();
    },
  },
  {
    name: 'page without room',
    weight: 3,
    isLossy: false,
    breaks: 'page-room',
    begin: async ({ page }) =>
      (await page.limit(PAGE_ROOM_BYTES))
        ? begun(async () => void (await page.limit(null)))
        : { kind: 'nothing-to-break' },
  },
];

/** The possible faults; `page` null: there is no browser. */
export function faultsOf(page: PageDevice | null): readonly Fault[] {
  if (page === null) return WORLD_FAULTS;
  return [
    ...WORLD_FAULTS,
    ...PAGE_FAULTS.map((fault) => ({ ...fault, begin: (scene: Scene) => fault.begin({ ...scene, page }) })),
  ];
}

/** The number of these that may have cost an answer of the PACS. */
export function countLossy(times: Readonly<Record<string, number>>): number {
  return [...new Set(WORLD_FAULTS.filter(({ isLossy }) => isLossy).map(({ name }) => name))].reduce(
    (sum, name) => sum + (times[name] ?? 0),
    0,
  );
}

/** Draws one of the faults, by weight. `random` in [0, 1). */
export function drawFault(faults: readonly Fault[], random: () => number): Fault {
  let at = random() * faults.reduce((sum, { weight }) => sum + weight, 0);
  for (const fault of faults) {
    at -= fault.weight;
    if (at < 0) return fault;
  }
  return faults[0]!;
}
