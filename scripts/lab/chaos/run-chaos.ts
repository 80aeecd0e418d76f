/**
 * A chaos run: a schedule that its seed draws step by step (what is queued, what breaks, for how long), then
 * everything is repaired and must end, then it is judged. The same seed draws the same schedule; the coincidences of
 * faults depend on the machine.
 */
import { chmod, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { seededRandom } from '#testing/synthetic-study.ts';
import { freePort } from '../../system/ports.ts';
import { createCommandLine, type CommandLine } from './command-line.ts';
import type { DeviceNow } from './device-now.ts';
import { countLossy, drawFault, faultsOf, type Mend } from './faults.ts';
import { openPageDevice, type PageDevice } from './page.ts';
import { endsWithin, failWhenStill, type Watched } from './standstill.ts';
import type { Queued, State } from './state.ts';
import { planStudy, writeFiles } from './studies.ts';
import { judge, type Verdict } from './verdict.ts';
import { openWorld, type World } from './world.ts';

export type ChaosOptions = {
  readonly folder: string;
  readonly seed: number;
  readonly minutes: number;
  /** The path of a Chromium; null: the command line is the only device. */
  readonly chromium: string | null;
  readonly say: (line: string) => void;
  /** Interrupts the run. */
  readonly signal: AbortSignal;
  /** A run in which nothing has moved for so long ends by Standstill. */
  readonly stillMinutes?: number;
};

export type ChaosResult =
  | { readonly kind: 'judged'; readonly verdict: Verdict; readonly state: State }
  | { readonly kind: 'interrupted' };

const LOOK_AGAIN_MS = 100;
/** Studies that travel at the same time. */
const AT_ONCE = 6;
/** Between two steps: until so many bytes have moved, or so much time has passed. */
const STEP_BYTES = 4_000_000;
const STEP_MS = 8_000;
/**
 * The longest standstill after everything was repaired: the pauses of devices and gateways, and a machine
 * with other work.
 */
const STILL_MS = 180_000;
/** The longest step of a run: a gateway that starts again on a busy machine, a browser with a new profile. */
export const STILL_MINUTES = 10;
/** A stalled browser is not waited for. */
const CLOSE_MS = 60_000;

async function newState(seed: number, minutes: number): Promise<State> {
  const gateways = [
    { api: await freePort(), web: await freePort() },
    { api: await freePort(), web: await freePort() },
  ];
  return {
    seed,
    minutes,
    ports: { device: await freePort(), database: await freePort(), pacs: await freePort(), gateways },
    position: 0,
    elapsedMs: 0,
    clockOffset: 0,
    pageClockDays: 0,
    queued: [],
    faults: {},
    skipped: {},
    posted: {},
    bytes: { up: 0, inParcels: 0, unique: 0, ended: 0, again: {} },
    wrong: [],
  };
}

type Broken = { readonly breaks: string | null; readonly until: number; readonly mend: Mend };
type Stage = ChaosOptions & {
  /** Notes what the run does now. */
  readonly note: (place: string) => void;
  readonly world: World;
  readonly state: State;
  readonly commandLine: CommandLine;
  readonly page: PageDevice | null;
  readonly broken: Broken[];
};

async function queueStudy(stage: Stage, random: () => number): Promise<void> {
  const { state, world, page, say } = stage;
  const planned = planStudy(
    random,
    state.queued,
    page === null ? ['command line'] : ['page', 'page', 'command line'],
  );
  const study: Queued = {
    ...planned,
    state: 'chosen',
    chosen: 0,
    uploadId: null,
    receiptId: null,
    row: null,
    lostConflict: false,
  };
  await writeFiles(state.seed, planned, join(world.folder, 'studies', String(planned.number)));
  state.queued.push(study);
  say(
    describe(
      stage,
      `study ${study.number} (${study.device}, ${study.policy}${study.of === study.number ? '' : `, ${study.isConflict ? 'against' : 'again'} ${study.of}`})`,
    ),
  );
  begin(stage, study, random());
}

/** `clock`: the part of the gateways' offset that the command line's clock shares. */
function begin({ state, page, commandLine }: Stage, study: Queued, clock: number): void {
  if (study.device === 'page') page?.begin(study);
  else commandLine.begin(study, state.clockOffset * clock);
}

async function breakSomething(stage: Stage, random: () => number): Promise<void> {
  const { state, world, commandLine, page, broken, say } = stage;
  const fault = drawFault(faultsOf(page), random);
  const lasts = 1 + Math.floor(random() * 3);
  if (fault.breaks !== null && broken.some(({ breaks }) => breaks === fault.breaks)) return;
  stage.note(`breaks something: ${fault.name}`);
  const outcome = await fault.begin({ world, commandLine, random });
  if (outcome.kind === 'impossible') state.skipped[fault.name] = outcome.why;
  if (outcome.kind !== 'begun') return;
  state.faults[fault.name] = (state.faults[fault.name] ?? 0) + 1;
  if (outcome.mend) broken.push({ breaks: fault.breaks, until: state.position + lasts, mend: outcome.mend });
  say(describe(stage, fault.name));
}

function describe({ state, broken }: Stage, what: string): string {
  const open = state.queued.filter((study) => study.state !== 'ended').length;
  const again = ((state.bytes.inParcels - state.bytes.unique) / 1e6).toFixed(1);
  const at = `${String(state.position).padStart(4)}  ${(state.elapsedMs / 1000).toFixed(0).padStart(4)} s`;
  return `${at}  ${what.padEnd(60)} ${open} under way, ${broken.length} broken, ${again} MB sent again`;
}

async function mendWhat({ broken }: Stage, isDue: (one: Broken) => boolean): Promise<void> {
  for (const one of broken.filter(isDue)) {
    broken.splice(broken.indexOf(one), 1);
    await one.mend();
  }
}

/** Until enough has moved or enough time has passed: both by lot. */
async function letItMove({ world, signal }: Stage, random: () => number): Promise<void> {
  const bytes = world.link.bytesUp + random() * STEP_BYTES;
  const end = performance.now() + (0.2 + 0.8 * random()) * STEP_MS;
  while (world.link.bytesUp < bytes && performance.now() < end && !signal.aborted) await after(LOOK_AGAIN_MS);
}

async function runSchedule(stage: Stage): Promise<void> {
  const { state, world, signal } = stage;
  while (state.elapsedMs < state.minutes * 60_000 && !signal.aborted) {
    const began = performance.now();
    const random = seededRandom(state.seed * 100_003 + state.position);
    stage.note('mends what was broken');
    await mendWhat(stage, ({ until }) => until <= state.position);
    const open = state.queued.filter((study) => study.state !== 'ended').length;
    stage.note('queues a study');
    if (open < 3 || (random() < 0.4 && open < AT_ONCE)) await queueStudy(stage, random);
    else await breakSomething(stage, random);
    stage.note('lets the studies travel');
    await letItMove(stage, random);
    stage.note('looks at the page');
    await stage.page?.look();
    state.position += 1;
    state.elapsedMs += performance.now() - began;
    world.count();
  }
}

function describeOpen(open: readonly Queued[], device: DeviceNow | null): string {
  return open
    .map(({ number, state, row }) => {
      const said = device?.studies.find(({ id }) => id === row);
      return `study ${number} is ${state}${said ? ` (on the device ${said.state}, ${said.problem ?? said.waiting})` : ''}`;
    })
    .join(', ');
}

/** Everything must end now. Throws when nothing moves any more. */
async function untilEnded(stage: Stage): Promise<void> {
  const { state, world, page, signal, say } = stage;
  stage.note('mends everything');
  await mendWhat(stage, () => true);
  await world.setClocks(0);
  await page?.setClock(0);
  say('everything is mended; now everything must end');
  stage.note('waits until everything has ended');
  await world.untilWhole(AbortSignal.any([signal, AbortSignal.timeout(STILL_MS)]));
  let last = '';
  let lastAt = performance.now();
  for (;;) {
    const device = await page?.look();
    const open = state.queued.filter((study) => study.state !== 'ended');
    if (open.length === 0 || signal.aborted) return;
    world.count();
    // Questions that are asked for ever are no progress.
    const now = JSON.stringify([
      open.map((study) => study.state),
      state.bytes.unique,
      Object.keys(state.posted).length,
      device?.records,
    ]);
    if (now !== last) {
      last = now;
      lastAt = performance.now();
    }
    if (performance.now() - lastAt > STILL_MS)
      throw new Error(`nothing moves any more: ${describeOpen(open, device ?? null)}`);
    await after(LOOK_AGAIN_MS);
  }
}

/**
 * PostgreSQL runs under another account if this process is root's, and must reach its own folder inside this
 * one.
 */
async function letOthersThrough(folder: string): Promise<void> {
  for (const each of [folder, dirname(folder)]) {
    const { mode } = await stat(each);
    if ((mode & 0o011) !== 0o011) await chmod(each, (mode & 0o7777) | 0o011);
  }
}

type Opened = {
  readonly options: ChaosOptions;
  readonly state: State;
  readonly world: World;
  readonly commandLine: CommandLine;
  page: PageDevice | null;
  /** The present step of the run. */
  place: string;
};

/** A run in an empty folder. Throws Standstill. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { folder, say } = options;
  await mkdir(folder, { recursive: true });
  await letOthersThrough(folder);
  const state = await newState(options.seed, options.minutes);
  const world = await openWorld({ folder, state });
  const commandLine = createCommandLine(world, state);
  const opened: Opened = {
    ...{ options, state, world, commandLine },
    ...{ page: null, place: 'starts the gateways' },
  };
  const ended = new AbortController();
  try {
    return await Promise.race([travel(opened), failWhenStill(watch(opened), ended.signal)]);
  } finally {
    ended.abort();
    if (!(await endsWithin(closeAll(opened), CLOSE_MS))) say('not everything could be closed in time');
  }
}

async function closeAll({ commandLine, page, world }: Opened): Promise<void> {
  await commandLine.close();
  await page?.close();
  await world.close();
  await world.storage.unmount();
}

/** Bytes on the link are no progress: questions may be asked for ever. */
function watch(opened: Opened): Watched {
  const { options, state } = opened;
  const open = () => state.queued.filter((study) => study.state !== 'ended');
  return {
    limitMinutes: options.stillMinutes ?? STILL_MINUTES,
    progress: () =>
      JSON.stringify([
        ...[state.position, opened.place, state.bytes.unique, Object.keys(state.posted).length],
        open().map((study) => [study.number, study.state]),
      ]),
    places: () => [
      `step ${state.position}: the run ${opened.place}`,
      ...open().map((study) => `${study.device}: ${describeOpen([study], null)}`),
      ...(opened.page?.describe() ?? []),
    ],
  };
}

async function travel(opened: Opened): Promise<ChaosResult> {
  const { options, state, world, commandLine } = opened;
  const { folder, say, signal } = options;
  for (const [name, why] of [
    ['gateways without room', world.storage.why],
    ['clocks set', world.faketime === null ? 'libfaketime is not installed' : null],
  ] as const) {
    if (why !== null) say(`without "${name}": ${why}`);
  }
  await world.untilWhole(AbortSignal.any([signal, AbortSignal.timeout(STILL_MS)]));
  opened.place = 'opens the browser';
  const page = options.chromium === null ? null : await openPageDevice(options.chromium, world, state);
  opened.page = page;
  const note = (place: string): void => {
    opened.place = place;
  };
  const stage: Stage = { ...options, note, world, state, commandLine, page, broken: [] };
  await runSchedule(stage);
  if (!signal.aborted) await untilEnded(stage);
  if (signal.aborted) return { kind: 'interrupted' };
  note('is judged');
  await writeFile(join(folder, 'sent-again.json'), JSON.stringify(world.sentAgain(), null, 1));
  const verdict = await judge(world, page, state, {
    lossy: countLossy(state.faults),
    disturbing: Object.values(state.faults).reduce((sum, times) => sum + times, 0),
  });
  return { kind: 'judged', verdict, state };
}

/** Removes what a run has left. */
export async function removeWorld(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}
