/**
 * Asks the gateway until it answers, is refused for good, or patience ends; says meanwhile why nothing moves.
 * For the small requests of a study's road; parcels have a table of their own (tus-answers.ts).
 */
import { z } from 'zod';
import { PROBLEMS, type ProblemCode } from '#shared/protocol/problem.ts';
import { ApiProblem, ForeignAnswer, Unreachable } from '../../net/api-client.ts';
import type { Link } from '../../net/link.ts';
import type { UploadQueue } from '../queue/upload-queue.ts';
import { createBackOff, type Clock } from './clock.ts';
import type { Pace } from './pace.ts';

/** The gateway refuses the whole study: asking again does not help. */
export class StudyRefused extends Error {
  readonly code: ProblemCode;
  constructor(code: ProblemCode) {
    super(code);
    this.code = code;
  }
}

export interface InsistTools {
  readonly queue: Pick<UploadQueue, 'waiting'>;
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
  /** How long to go on without any success, in milliseconds: without end in the page. */
  readonly patienceMs: number;
  isOnline(): boolean;
  /** Resolves when this device may send; throws at once where nobody can make it so. */
  signedIn(signal: AbortSignal): Promise<void>;
  onLink(link: Link): void;
}

export interface Insist {
  /**
   * Does `work` until it succeeds. With `onlyThroughSilence` a problem that the gateway itself names is
   * thrown, for what holds a place that others wait for. Throws StudyRefused, Unreachable, the signal's
   * reason, and what is no answer of the gateway.
   */
  insist<T>(
    id: string,
    work: () => Promise<T>,
    signal: AbortSignal,
    onlyThroughSilence?: boolean,
  ): Promise<T>;
  waitForRight(id: string, signal: AbortSignal): Promise<void>;
  /** `no-answer`: why, as far as this device can tell. */
  noteWaiting(id: string, because: 'no-answer' | 'storage-full' | null): void;
}

export function createInsist(tools: InsistTools, pace: Pick<Pace, 'foreign'>): Insist {
  const { queue, clock } = tools;

  async function insist<T>(
    id: string,
    work: () => Promise<T>,
    signal: AbortSignal,
    onlyThroughSilence = false,
  ): Promise<T> {
    const backOff = createBackOff(tools.random);
    for (;;) {
      try {
        const result = await work();
        pace.foreign(false);
        tools.onLink('online');
        return result;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ApiProblem || error instanceof Unreachable || error instanceof z.ZodError))
          throw error;
        pace.foreign(error instanceof ForeignAnswer || error instanceof z.ZodError);
        if (error instanceof ApiProblem && onlyThroughSilence) throw error;
        await waitOut(id, error, signal);
        if (backOff.waited() > tools.patienceMs)
          throw error instanceof Unreachable ? error : new Unreachable(error);
        await clock.sleep(backOff.next(error instanceof ApiProblem ? error.retryAfterMs : null), signal);
      }
    }
  }

  async function waitOut(id: string, error: unknown, signal: AbortSignal): Promise<void> {
    if (!(error instanceof ApiProblem)) return sayWaiting(id, 'no-answer');
    if (error.code === null) return sayWaiting(id, 'no-answer');
    if (error.status === 401) return waitForRight(id, signal);
    if (PROBLEMS[error.code].retry !== 'later') throw new StudyRefused(error.code);
    await sayWaiting(id, error.code === 'storage-full' ? 'storage-full' : 'no-answer');
  }

  async function waitForRight(id: string, signal: AbortSignal): Promise<void> {
    await queue.waiting(id, 'signed-out');
    await tools.signedIn(signal);
    await queue.waiting(id, null);
  }

  async function sayWaiting(id: string, because: 'no-answer' | 'storage-full' | null): Promise<void> {
    const link = tools.isOnline() ? 'gateway-unreachable' : 'offline';
    if (because === 'no-answer') tools.onLink(link);
    if (because === null) tools.onLink('online');
    await queue.waiting(id, because === 'no-answer' ? link : because);
  }

  return {
    insist,
    waitForRight,
    noteWaiting(id, because) {
      // Only a word on the screen: the sending does not wait for it.
      void sayWaiting(id, because).catch(() => undefined);
    },
  };
}
