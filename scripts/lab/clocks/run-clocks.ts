/**
 * Studies wait while the clocks of the gateway and of its database are set, ahead and behind, by hours and by a
 * year. One was posted to a PACS that does not show it yet; one is half sent, one only announced; one waits for a
 * PACS that is away. When the PACS is back, each has to be stored, once, soon.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { ADMIN } from '#testing/accounts.ts';
import { until } from '#testing/gateway-under-test.ts';
import { seededRandom, syntheticStudy } from '#testing/synthetic-study.ts';
import { HONEST } from '../../../gateway/src/testing/web-conduct.ts';
import { askAt, signIn } from '../hostile/door.ts';
import { createDevice, type Device, type Status } from './device.ts';
import { type Clock, CLOCKS, openWorld, type World } from './world.ts';

export type ClockSettings = {
  /** Empty; the database's account may pass through it. */
  readonly folder: string;
  /** libfaketime's. */
  readonly library: string;
  readonly seed: number;
  /** Half of a round's while the PACS lags, half while it is away. */
  readonly rounds: readonly (readonly ClockStep[])[];
  /** How long a study may take once the PACS is back. */
  readonly withinMs: number;
  readonly say: (line: string) => void;
};

/** Clocks that are set, and what the gateway then does. */
export type ClockStep = {
  readonly clocks: readonly Clock[];
  /** Seconds ahead; behind, where negative. */
  readonly ahead: number;
  readonly gateway: 'lives on' | 'is stopped' | 'is killed';
};

export type ClockReport = {
  readonly studies: number;
  /** The longest that a study took once the PACS was back. */
  readonly longestMs: number;
  readonly faults: readonly string[];
};

export const HOUR = 3_600;
export const YEAR = 365 * 24 * HOUR;
const OFFSETS = [2 * HOUR, -2 * HOUR, YEAR, -YEAR, 0] as const;
const SET: readonly (readonly Clock[])[] = [['the gateway'], ['the database'], CLOCKS];
const THEN = ['lives on', 'is stopped', 'is killed'] as const;
const STEPS_A_ROUND = 6;
const LOOK_EVERY_MS = 500;
/** Ends of an instance that no study here comes to (reconcile-study.ts). */
const WRONG_ENDS = ['again', 'lost', 'refused', 'other', 'changed', 'fails'];

/** Every step there is, in an order that the seed draws. */
export function drawRounds(seed: number): readonly (readonly ClockStep[])[] {
  const random = seededRandom(seed);
  const steps = SET.flatMap((clocks) =>
    OFFSETS.flatMap((ahead) => THEN.map((gateway): ClockStep => ({ clocks, ahead, gateway }))),
  )
    .map((step) => ({ step, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ step }) => step);
  return Array.from({ length: Math.floor(steps.length / STEPS_A_ROUND) }, (_, at) =>
    steps.slice(at * STEPS_A_ROUND, (at + 1) * STEPS_A_ROUND),
  );
}

const KINDS = ['posted', 'half sent', 'announced', 'waiting'] as const;
type Kind = (typeof KINDS)[number];

export async function runClocks(settings: ClockSettings): Promise<ClockReport> {
  const { seed, rounds, say } = settings;
  const studies = Array.from(
    { length: rounds.length * KINDS.length },
    (_, at) => syntheticStudy({ seed: seed * 1_000 + at, rows: 32, columns: 32 }).instances,
  );
  const world = await openWorld({ ...settings, instances: studies.flat() });
  const faults: string[] = [];
  let longestMs = 0;
  try {
    for (const [round, steps] of rounds.entries()) {
      const devices = Object.fromEntries(
        KINDS.map((kind, at) => [kind, createDevice(world.gateway.api, studies[round * KINDS.length + at]!)]),
      ) as Record<Kind, Device>;
      await bringOnTheWay(devices, world, { steps, say });
      const outcome = await judgeReturn(devices, world, settings.withinMs);
      longestMs = Math.max(longestMs, outcome.longestMs);
      faults.push(...outcome.faults.map((fault) => `round ${round + 1}: ${fault}`));
      const seconds = (outcome.longestMs / 1000).toFixed(1);
      say([`round ${round + 1}: ended within ${seconds} s`, ...outcome.faults].join('; '));
      for (const clock of CLOCKS) await world.setClock(clock, 0);
    }
    faults.push(...(await findUntrue(world)), ...findPostedTwice(world));
    return { studies: studies.length, longestMs, faults };
  } finally {
    await world.close();
  }
}

type Steps = { readonly steps: readonly ClockStep[]; readonly say: ClockSettings['say'] };

/** Each study comes as far as its kind says; the clocks are set, first while the PACS lags, then while it is away. */
async function bringOnTheWay(
  devices: Readonly<Record<Kind, Device>>,
  world: World,
  { steps, say }: Steps,
): Promise<void> {
  const { pacs, link } = world;
  const half = steps.length >> 1;
  pacs.conduct = { ...HONEST, lagMs: Infinity };
  await devices.posted.announce();
  await devices.posted.sendRest();
  await until('the study to be posted', async () => (await devices.posted.status()).state === 'forwarded');
  await devices.announced.announce();
  await devices['half sent'].announce();
  await devices['half sent'].sendHalf();
  await goThrough(world, { steps: steps.slice(0, half), say });
  link.cut();
  await devices.waiting.announce();
  await devices.waiting.sendRest();
  await until(
    'the study to wait for the PACS',
    async () => (await devices.waiting.status()).waiting?.because === 'pacs-unreachable',
  );
  await goThrough(world, { steps: steps.slice(half), say });
  await devices['half sent'].sendRest();
  await devices.announced.announce();
  await devices.announced.sendRest();
}

async function goThrough(world: World, { steps, say }: Steps): Promise<void> {
  for (const { clocks, ahead, gateway } of steps) {
    say(`  ${clocks.join(' and ')}: ${ahead / HOUR} h; the gateway ${gateway}`);
    for (const clock of clocks) await world.setClock(clock, ahead);
    await endGateway(world, gateway);
    const before = stagesStarted(world);
    await until('a stage to run by these clocks', () => stagesStarted(world) > before);
  }
}

const stagesStarted = ({ gateway }: World): number =>
  gateway.lines.filter(({ event }) => event === 'stage-started').length;

async function endGateway({ gateway }: World, how: ClockStep['gateway']): Promise<void> {
  if (how === 'lives on') return;
  await (how === 'is stopped' ? gateway.stop() : gateway.kill());
  await gateway.start();
}

async function judgeReturn(
  devices: Readonly<Record<Kind, Device>>,
  { pacs, link }: World,
  withinMs: number,
): Promise<{ longestMs: number; faults: string[] }> {
  pacs.conduct = HONEST;
  link.mend();
  const began = performance.now();
  const faults: string[] = [];
  let longestMs = 0;
  for (const kind of KINDS) {
    const status = await untilEnded(devices[kind], began + withinMs);
    longestMs = Math.max(longestMs, performance.now() - began);
    const told = status.instances?.map(({ state, reason }) => reason ?? state) ?? [];
    if (status.state !== 'closed' || told.some((one) => one !== 'stored'))
      faults.push(`the study that was ${kind}: ${[status.state, ...new Set(told)].join(', ')}`);
  }
  return { longestMs, faults };
}

async function untilEnded(device: Device, last: number): Promise<Status> {
  let status = await device.status();
  while (status.state !== 'closed' && status.state !== 'held' && performance.now() < last) {
    await pause(LOOK_EVERY_MS);
    status = await device.status();
  }
  return status;
}

/** The audit trail's false words about studies, whatever became of them later. */
async function findUntrue({ gateway }: World): Promise<string[]> {
  const door = { who: 'auditor', api: gateway.api, token: await signIn(gateway.api, ADMIN) };
  const found: string[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const { body } = await askAt(door, `/audit?limit=1000&after=${after}`);
    const page = body as { rows: { event: string; fields: Record<string, unknown> }[]; next: number | null };
    for (const { event, fields } of page.rows) {
      const isLoss = event === 'study-reconciled' && WRONG_ENDS.some((end) => Number(fields[end] ?? 0) > 0);
      if (event === 'instances-never-arrived' || isLoss) found.push(`${event} ${JSON.stringify(fields)}`);
    }
    after = page.next;
  }
  return found;
}

/** No store was cut, so nothing has to be posted again. */
function findPostedTwice({ pacs }: World): string[] {
  const twice = [...pacs.given].filter(([, times]) => times > 1).map(([uid]) => uid);
  const wrong = pacs.foreign.length;
  return [
    ...(twice.length > 0
      ? [`${twice.length} instances were posted more than once, among them ${twice[0]}`]
      : []),
    ...(wrong > 0 ? [`${wrong} instances reached the PACS with other bytes`] : []),
  ];
}
