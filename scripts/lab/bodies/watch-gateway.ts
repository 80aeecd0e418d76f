/** The cost of one attack to the gateway: the longest turn of its event loop, garbage, memory, time to answer. */
import { setTimeout as after } from 'node:timers/promises';
import type { GatewayUnderTest, LogLine } from '#testing/gateway-under-test.ts';
import { canMeasureMemory, forgetPeak, peakResidentBytes, residentBytes } from '#testing/process-memory.ts';
import { askAt } from '../hostile/door.ts';
import type { Collection, Turn } from './measure-turns.ts';

export type Cost = {
  /** The longest turn in milliseconds of the processor, without collection of the whole heap. */
  readonly heldMs: number;
  /** The garbage collection of one turn, at most, in milliseconds. */
  readonly collectedMs: number;
  readonly answeredMs: number;
  /** Resident at most, above what was before this attack, in bytes; 0 where nobody can tell. */
  readonly grownBytes: number;
  /** The same above what was before the first attack: honest people’s work is in it too. */
  readonly heldBytes: number;
};

/** `during`: an attack; null: none. */
export type Beside = { readonly heldMs: number; readonly during: string | null };

export type Watch = {
  measure<T>(work: () => Promise<T>): Promise<readonly [T, Cost]>;
  /** A turn in the time of an attack that was not the attack's. */
  noteBeside(beside: Beside): void;
  /** The longest turn that was no attack's. */
  beside(): Beside;
  /**
   * The memory that the gateway keeps above what it had before anything, once all is over, in bytes: threads end and
   * garbage is collected in their time, so it is looked at until there is as little as this, for two minutes at most.
   */
  kept(littleBytes: number): Promise<number>;
};
const KEPT_WITHIN_MS = 120_000;
const LOOK_MS = 1000;

export async function watchGateway(gateway: GatewayUnderTest): Promise<Watch> {
  const idle = canMeasureMemory ? await residentBytes(gateway.pid) : 0;
  let longest: Beside = { heldMs: 0, during: null };
  let read = gateway.lines.length;
  const noteBeside = (beside: Beside): void => {
    if (beside.heldMs > longest.heldMs) longest = beside;
  };
  const lookBeside = (): void => {
    noteBeside({ ...longestOf(gateway.lines.slice(read)), during: null });
    read = gateway.lines.length;
  };
  return {
    async measure(work) {
      lookBeside();
      if (canMeasureMemory) await forgetPeak(gateway.pid);
      const resident = canMeasureMemory ? await residentBytes(gateway.pid) : 0;
      const began = performance.now();
      const result = await work();
      const answeredMs = performance.now() - began;
      await settle(gateway);
      const turns = longestOf(gateway.lines.slice(read));
      read = gateway.lines.length;
      const peak = canMeasureMemory ? await peakResidentBytes(gateway.pid) : 0;
      return [result, { ...turns, answeredMs, grownBytes: peak - resident, heldBytes: peak - idle }];
    },
    noteBeside,
    beside() {
      lookBeside();
      return longest;
    },
    async kept(littleBytes) {
      if (!canMeasureMemory) return 0;
      const until = performance.now() + KEPT_WITHIN_MS;
      for (;;) {
        const kept = (await residentBytes(gateway.pid)) - idle;
        if (kept <= littleBytes || performance.now() > until) return kept;
        await after(LOOK_MS);
      }
    },
  };
}

/** The turn of an answer ends after it, and its line comes by another way. */
const TURNS_AFTER = 3;

async function settle({ api }: GatewayUnderTest): Promise<void> {
  for (let turn = 0; turn < TURNS_AFTER; turn += 1)
    await askAt({ who: 'the lab', api, token: null }, '/health/live');
}

const isTurn = (line: LogLine): line is Turn & LogLine => line.event === 'turn';
const isCollection = (line: LogLine): line is Collection & LogLine => line.event === 'collection';

export function longestOf(lines: readonly LogLine[]): Pick<Cost, 'heldMs' | 'collectedMs'> {
  const collections = lines.filter(isCollection);
  let heldMs = 0;
  let collectedMs = 0;
  for (const { fromMs, toMs, cpuMs } of lines.filter(isTurn)) {
    const within = collections.map((one) => Math.min(toMs, one.toMs) - Math.max(fromMs, one.fromMs));
    const byClock = within.reduce((sum, ms) => sum + Math.max(0, ms), 0);
    // On a busy machine the clock runs on while others have the cores.
    const collected = Math.min(cpuMs, byClock * Math.min(1, cpuMs / (toMs - fromMs)));
    heldMs = Math.max(heldMs, cpuMs - collected);
    collectedMs = Math.max(collectedMs, collected);
  }
  return { heldMs, collectedMs };
}
