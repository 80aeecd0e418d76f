/**
 * One job until it has ended: its event stream, and beside it a question now and then, for a proxy may hold
 * events back without cutting them. What arrives late and says less than was known is passed over: progress
 * does not go back.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
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
/** After so many unanswered questions in a row a person is told; asking continues. */
const SILENT = 4;

export interface Following {
  readonly signal: AbortSignal;
  /** Told of everything that is newer than what was known. */
  onJob(job: Job): void;
  /** Told the error when the gateway does not answer for a while, and null once it does again. */
  onSilence?(error: unknown): void;
}

/** A job while it is followed. */
type Followed = {
  readonly id: string;
  /** Ends with the following. */
  readonly until: AbortSignal;
  isStreaming: boolean;
  tell(job: Job): void;
};

/**
 * Resolves with the ended job. Throws ApiProblem where the gateway has no such job for this user, and the
 * signal's reason.
 */
export async function followJob(
  tools: FollowTools,
  id: string,
  { signal, onJob, onSilence = () => undefined }: Following,
): Promise<Job> {
  const ended = Promise.withResolvers<Job>();
  const stop = new AbortController();
  let known: Job | null = null;
  const followed: Followed = {
    id,
    until: AbortSignal.any([signal, stop.signal]),
    isStreaming: false,
    tell(job) {
      if (!isNewer(job, known)) return;
      known = job;
      onJob(job);
      if (hasEnded(job)) ended.resolve(job);
    },
  };
  // Both end by abort.
  void ignoreFailure(stream(tools, followed), 'the job is asked for as well').finally(() => {
    followed.isStreaming = false;
  });
  ask(tools, followed, onSilence).catch((error: unknown) => ended.reject(error));
  try {
    return await ended.promise;
  } finally {
    stop.abort();
  }
}

/** Listens to the job's events as long as the gateway sends them. */
async function stream({ api }: FollowTools, followed: Followed): Promise<void> {
  const response = await api.send(`/jobs/${followed.id}/events`, {
    headers: { accept: 'text/event-stream' },
    signal: followed.until,
  });
  const isStream =
    response.ok && (response.headers.get('content-type') ?? '').startsWith('text/event-stream');
  if (!isStream || !response.body) {
    await response.body?.cancel();
    return;
  }
  followed.isStreaming = true;
  for await (const message of readEvents(response.body)) {
    const job = message.event === 'job' ? jobSchema.safeParse(parseJson(message.data)) : null;
    if (job?.success) followed.tell(job.data);
  }
}

/** Asks until the following ends. A stream that ends before the job does is not opened again. */
async function ask(
  { api, clock }: FollowTools,
  followed: Followed,
  onSilence: (error: unknown) => void,
): Promise<void> {
  const { id, until, tell } = followed;
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
    await clock.sleep(followed.isStreaming ? ASK_BESIDE_MS : ASK_ALONE_MS, until);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
