/**
 * The current speed of this machine, compared with the one on which the limits of this repository were
 * measured: the seconds of a fixed loop ÷ the seconds recorded below. Benches print it with their rows, and
 * checks of an absolute time multiply their limit by it.
 *
 * The loop is one thread of integer arithmetic over 8 MiB, more than a core's second-level cache. It says
 * nothing about disks or a network. The ratio is never below 1: a faster machine does not tighten a limit.
 */
import { cpus } from 'node:os';

/** The median of 15 runs on an idle machine; measure it again whenever the loop changes. */
const RECORDED = { seconds: 0.5, cpu: 'AMD EPYC, 2 cores of a virtual machine' } as const;

const WORDS = 2 * 1024 * 1024;
const ROUNDS = 140;

export type Calibration = {
  /** `seconds` ÷ `recorded`, and at least 1. */
  readonly ratio: number;
  readonly seconds: number;
  readonly recorded: number;
  /** The processor of this machine. */
  readonly cpu: string;
};

/** Takes about half a second of this thread. */
export async function calibrate(): Promise<Calibration> {
  const seconds = secondsOfLoop();
  const ratio = Math.max(1, seconds / RECORDED.seconds);
  return { ratio, seconds, recorded: RECORDED.seconds, cpu: cpus()[0]?.model.trim() ?? 'unknown' };
}

/** Calibrates by the processor's time of this thread too: a busy machine makes a thread wait, not work longer. */
export async function calibrateThread(): Promise<Calibration & { readonly threadRatio: number }> {
  const before = process.threadCpuUsage();
  const calibration = await calibrate();
  const { user, system } = process.threadCpuUsage(before);
  return { ...calibration, threadRatio: Math.max(1, (user + system) / 1e6 / calibration.recorded) };
}

export function describeCalibration({ ratio, seconds, recorded, cpu }: Calibration): string {
  return (
    `calibration ${ratio.toFixed(2)} (${seconds.toFixed(2)} s on ${cpu}; ` +
    `${recorded.toFixed(2)} s recorded on ${RECORDED.cpu})`
  );
}

function secondsOfLoop(): number {
  const words = new Uint32Array(WORDS);
  const started = performance.now();
  let state = 2463534242;
  for (let round = 0; round < ROUNDS; round += 1) state = mix(words, state);
  const seconds = (performance.now() - started) / 1000;
  // Reading the result keeps the optimiser from dropping the loop.
  if (state === 0) throw new Error('xorshift never reaches zero');
  return seconds;
}

/** Makes one pass of xorshift32 (Marsaglia 2003), each word mixed with what stood in its place. */
function mix(words: Uint32Array, seed: number): number {
  let state = seed;
  for (let at = 0; at < words.length; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = words[at]! + state;
  }
  return state;
}
