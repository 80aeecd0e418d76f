/**
 * Waits for a process that is starting, for as long as it shows a sign of life. A clock alone is no proof of death: a
 * busy machine may take minutes for what an idle one does in a second.
 */
import { setTimeout as after } from 'node:timers/promises';

export type Starting = {
  /** The name as a sentence begins: "The gateway". */
  readonly name: string;
  readonly isReady: () => Promise<boolean>;
  /** The process's exit code or the signal that ended it. Left out: only its answer shows whether it lives. */
  readonly exited?: Promise<number | string>;
  /** Anything that changes while it works: its words, or the processor time that it has used. */
  readonly signOfLife?: () => unknown;
  /** The process's present step, as it follows "The gateway is"; null: unknown. */
  readonly step?: () => string | null;
  readonly say: (line: string) => void;
  /** Gives the start up. */
  readonly signal?: AbortSignal;
  readonly silentMs?: number;
  readonly tellEveryMs?: number;
};

/** With no sign of life for so long it is dead. A machine that swaps stands still for half a minute. */
const SILENT_MS = 240_000;
/** Starts that take longer say what they wait for. */
const TELL_EVERY_MS = 10_000;
const LOOK_AGAIN_MS = 40;

/** @throws Error when it ends before it is ready, shows no sign of life, or the start is given up. */
export async function untilReady(starting: Starting): Promise<void> {
  const { name, isReady, signOfLife = () => null, step = () => null, say, signal } = starting;
  const { silentMs = SILENT_MS, tellEveryMs = TELL_EVERY_MS } = starting;
  let gone: number | string | null = null;
  void starting.exited?.then((how) => (gone = how));
  const inStep = (): string => (step() === null ? '' : ` while it was ${step()}`);
  const beganAt = performance.now();
  let toldAt = beganAt;
  let movedAt = beganAt;
  let sign = await signOfLife();
  for (;;) {
    // Another program may answer in the place of one that has ended.
    const hasAnswered = await isReady();
    signal?.throwIfAborted();
    if (gone !== null) throw new Error(`${name} ended before it was ready (${gone})${inStep()}.`);
    if (hasAnswered) return;
    const now = performance.now();
    const latest = await signOfLife();
    if (latest !== sign) movedAt = now;
    sign = latest;
    if (now - movedAt > silentMs)
      throw new Error(
        `${name} showed no sign of life for ${Math.round(silentMs / 1000)} s${inStep()}; it was ended.`,
      );
    if (now - toldAt >= tellEveryMs) {
      toldAt = now;
      say(`${name} is ${step() ?? 'starting'} (${Math.round((now - beganAt) / 1000)} s) …`);
    }
    await after(LOOK_AGAIN_MS);
  }
}
