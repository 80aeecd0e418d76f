/**
 * Follows one job until it has ended, through its event stream and by occasional polling, because a proxy may hold back
 * events without closing the stream. Late answers with less progress are ignored, so progress never goes back.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { JOB_STATES, jobSchema, type Job } from '#shared/protocol/inference.ts';
import { ApiProblem, type ApiClient } from '../../net/api-client.ts';
import { readEvents } from '../../net/read-events.ts';
import type { Clock } from '../../net/clock.ts';

/**
 * The polling intervals, with and without an open stream. Without a stream the job is polled as often as a person would
 * look.
 */
const ASK_BESIDE_MS = 5_000;
const ASK_ALONE_MS = 1_500;

export function hasEnded({ state }: Pick<Job, 'state'>): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

/** A later attempt, a later state, or more progress. */
export function isNewer(job: Job, known: Job | null): boolean {
  if (known === null || job.attempt !== known.attempt) return known === null || job.attempt > known.attempt;
  const rank = JOB_STATES.indexOf(job.state) - JOB_STATES.indexOf(known.state);
  return rank !== 0 ? rank > 0 : job.progress.done > known.progress.done;
}

interface FollowTools {
  readonly api: Pick<ApiClient, 'json' | 'send'>;
  readonly clock: Clock;
}

/** The user has no such job, or nobody is signed in: asking again gives the same answer. */
const REFUSED: readonly number[] = [401, 403, 404];
/** After this many unanswered requests in a row the person is told; polling continues. */
const SILENT = 4;

interface Following {
  readonly signal: AbortSignal;
  /** Called with every newer state. */
  onJob(job: Job): void;
  /** Called with the error if the gateway has not answered for a while, and with null once it answers again. */
  onSilence?(error: unknown): void;
}

/** A job that is being followed. */
type Followed = {
  readonly id: string;
  /** Aborted when following ends. */
  readonly until: AbortSignal;
  isStreaming: boolean;
  tell(job: Job): void;
};

/**
 * Resolves with the ended job. Throws ApiProblem if the gateway has no such job for this user, or the
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
  // The stream and the polling end by abort.
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

/** Reads the job's events as long as the gateway sends them. */
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

/** Polls until the following ends. A stream that ends before the job is not opened again. */
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
