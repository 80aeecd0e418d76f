/**
 * One job until it has ended: its event stream, and beside it a question now and then, for a proxy may hold
 * events back without cutting them. What arrives late and says less than was known is passed over: progress
 * does not go back.
 */
import { JOB_STATES, jobSchema, type Job } from '#shared/protocol/inference.ts';
import { ApiProblem, type ApiClient } from '../net/api-client.ts';
import { readEvents } from '../net/read-events.ts';
import type { Clock } from '../pipeline/upload/clock.ts';

/** Beside a living stream; without one it is asked as often as a person would look. */
const ASK_BESIDE_MS = 5_000;
const ASK_ALONE_MS = 1_500;

export function hasEnded({ state }: Pick<Job, 'state'>): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

/** A later attempt, a later state, or more of it done. */
export function isNewer(job: Job, known: Job | null): boolean {
  if (known === null || job.attempt !== known.attempt) return known === null || job.attempt > known.attempt;
  const rank = JOB_STATES.indexOf(job.state) - JOB_STATES.indexOf(known.state);
  return rank !== 0 ? rank > 0 : job.progress.done > known.progress.done;
}

export interface FollowTools {
  readonly api: Pick<ApiClient, 'json' | 'send'>;
  readonly clock: Clock;
}

/** No job for this user, or no user: asking again says the same. */
const REFUSED: readonly number[] = [401, 403, 404];
/** Unanswered so often one after the other, a person is told; asking goes on. */
const SILENT = 4;

/**
 * Calls `onJob` with everything that is newer, and `onSilence` with the error where the gateway does not
 * answer for a while, with null where it does again; resolves with the ended job. Throws ApiProblem where the
 * gateway has no such job for this user, and the signal's reason.
 */
export async function followJob(
  { api, clock }: FollowTools,
  id: string,
  onJob: (job: Job) => void,
  signal: AbortSignal,
  onSilence: (error: unknown) => void = () => undefined,
): Promise<Job> {
  const ended = Promise.withResolvers<Job>();
  const stop = new AbortController();
  const until = AbortSignal.any([signal, stop.signal]);
  let known: Job | null = null;
  let isStreaming = false;

  function tell(job: Job): void {
    if (!isNewer(job, known)) return;
    known = job;
    onJob(job);
    if (hasEnded(job)) ended.resolve(job);
  }

  async function stream(): Promise<void> {
    const response = await api.send(`/jobs/${id}/events`, {
      headers: { accept: 'text/event-stream' },
      signal: until,
    });
    const isStream =
      response.ok && (response.headers.get('content-type') ?? '').startsWith('text/event-stream');
    if (!isStream || !response.body) return void (await response.body?.cancel());
    isStreaming = true;
    for await (const message of readEvents(response.body)) {
      const job = message.event === 'job' ? jobSchema.safeParse(parseJson(message.data)) : null;
      if (job?.success) tell(job.data);
    }
  }

  /** A stream that ends before the job does is not opened again: asking goes on. */
  async function ask(): Promise<void> {
    for (let failures = 0; ; ) {
      try {
        const job = await api.json(`/jobs/${id}`, jobSchema, { signal: until });
        if (failures >= SILENT) onSilence(null);
        failures = 0;
        tell(job);
      } catch (error) {
        if (error instanceof ApiProblem && REFUSED.includes(error.status)) throw error;
        until.throwIfAborted();
        failures += 1;
        if (failures === SILENT) onSilence(error);
      }
      await clock.sleep(isStreaming ? ASK_BESIDE_MS : ASK_ALONE_MS, until);
    }
  }

  // Both end by abort.
  stream()
    .catch(() => undefined)
    .finally(() => (isStreaming = false));
  ask().catch((error: unknown) => ended.reject(error));
  try {
    return await ended.promise;
  } finally {
    stop.abort();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
