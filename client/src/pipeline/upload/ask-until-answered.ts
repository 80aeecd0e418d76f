/**
 * Repeats a request to the gateway until it answers, refuses for good, or the time limit is reached. Meanwhile the
 * queue says why nothing moves. Used for the small requests about a study; parcels have their own table
 * (tus-answers.ts).
 */
import { z } from 'zod';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { PROBLEMS, type ProblemCode } from '#shared/protocol/problem-table.ts';
import { ApiProblem, ForeignAnswer, Unreachable } from '../../net/api-client.ts';
import type { Link } from '../../net/link.ts';
import type { UploadQueue } from '../queue/upload-queue.ts';
import { createBackOff, type Clock } from '../../net/clock.ts';
import type { Pace } from './pace.ts';

/** Thrown when the gateway refuses the whole study, so that asking again does not help. */
export class StudyRefused extends Error {
  readonly code: ProblemCode;
  constructor(code: ProblemCode) {
    super(code);
    this.code = code;
  }
}

export interface AskingTools {
  readonly queue: Pick<UploadQueue, 'waiting'>;
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
  /** How long to continue without any success, in milliseconds; unlimited in the page. */
  readonly patienceMs: number;
  isOnline(): boolean;
  /** Resolves when this device may send; throws at once if that cannot be granted. */
  signedIn(signal: AbortSignal): Promise<void>;
  onLink(link: Link): void;
}

export interface Asking {
  /**
   * Repeats `work` until it succeeds. With `onlyThroughSilence`, a problem that the gateway itself reports is thrown,
   * for work that occupies a place which other work waits for. Throws StudyRefused, Unreachable, the signal's reason,
   * and errors that are not answers of the gateway.
   */
  untilAnswered<T>(
    id: string,
    work: () => Promise<T>,
    signal: AbortSignal,
    onlyThroughSilence?: boolean,
  ): Promise<T>;
  waitForRight(id: string, signal: AbortSignal): Promise<void>;
  /** `no-answer`: the state of the connection says why, as far as this device can tell. */
  noteWaiting(id: string, because: WaitingBecause): void;
}

export type WaitingBecause = 'no-answer' | RoomCode | null;

export function createAsking(tools: AskingTools, pace: Pick<Pace, 'foreign'>): Asking {
  return {
    async untilAnswered(id, work, signal, onlyThroughSilence = false) {
      const backOff = createBackOff(tools.random);
      for (;;) {
        try {
          const result = await work();
          pace.foreign(false);
          tools.onLink('online');
          return result;
        } catch (error) {
          signal.throwIfAborted();
          if (!isOfTheLink(error)) throw error;
          pace.foreign(error instanceof ForeignAnswer || error instanceof z.ZodError);
          if (error instanceof ApiProblem && onlyThroughSilence) throw error;
          await waitOut(tools, id, error, signal);
          if (backOff.waited() > tools.patienceMs)
            throw error instanceof Unreachable ? error : new Unreachable(error);
          const askedMs = error instanceof ApiProblem ? error.retryAfterMs : null;
          await tools.clock.sleep(backOff.next(askedMs), signal);
        }
      }
    },
    waitForRight: (id, signal) => waitForRight(tools, id, signal),
    noteWaiting(id, because) {
      void ignoreFailure(
        sayWaiting(tools, id, because),
        'only a note on the screen: sending does not wait for it',
      );
    },
  };
}

function isOfTheLink(error: unknown): error is ApiProblem | Unreachable | z.ZodError {
  return error instanceof ApiProblem || error instanceof Unreachable || error instanceof z.ZodError;
}

async function waitOut(tools: AskingTools, id: string, error: unknown, signal: AbortSignal): Promise<void> {
  if (!(error instanceof ApiProblem) || error.code === null) return sayWaiting(tools, id, 'no-answer');
  if (error.status === 401) return waitForRight(tools, id, signal);
  if (PROBLEMS[error.code].retry !== 'later') throw new StudyRefused(error.code);
  await sayWaiting(tools, id, isForRoom(error.code) ? error.code : 'no-answer');
}

/** The study waits for space: on the gateway's disk, or within the account's quota. */
type RoomCode = 'storage-full' | 'quota-exceeded';
const isForRoom = (code: ProblemCode): code is RoomCode =>
  code === 'storage-full' || code === 'quota-exceeded';

async function waitForRight(
  { queue, signedIn }: AskingTools,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  await queue.waiting(id, 'signed-out');
  await signedIn(signal);
  await queue.waiting(id, null);
}

async function sayWaiting(tools: AskingTools, id: string, because: WaitingBecause): Promise<void> {
  const link = tools.isOnline() ? 'gateway-unreachable' : 'offline';
  if (because === 'no-answer') tools.onLink(link);
  if (because === null) tools.onLink('online');
  await tools.queue.waiting(id, because === 'no-answer' ? link : because);
}
