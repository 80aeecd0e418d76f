/**
 * The gateway's events about sent studies: one SSE stream for all of them, with polling in case a proxy holds the
 * stream back. The stream is read with `fetch`, because EventSource cannot carry a token. The status of every study
 * is requested at the beginning and after each reconnection, so that no event in between is missed.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { studyEventSchema, uploadStatusSchema, type UploadStatus } from '#shared/protocol/api.ts';
import { ApiProblem, type ApiClient } from '../../net/api-client.ts';
import { readEvents } from '../../net/read-events.ts';
import { createBackOff, type BackOff, type Clock } from '../../net/clock.ts';

export type StudyEvent = Omit<UploadStatus, 'instances'>;

export interface Follower {
  /**
   * Calls `onEvent` with the events of the upload, each at least once, until `signal` aborts. `gone`: the gateway
   * does not know the upload, or no longer does.
   */
  follow(uploadId: string, onEvent: (event: StudyEvent | 'gone') => void, signal: AbortSignal): void;
  /** Ends the stream. */
  close(): void;
}

interface FollowerTools {
  readonly api: ApiClient;
  readonly clock: Clock;
  readonly random: () => number;
  /** Whether this follower may hold a connection now; otherwise it polls. Default: always. */
  readonly mayStream?: () => boolean;
}

/** Polling continues while a stream is open, because a proxy may hold events back without closing it. */
const POLL_BESIDE_STREAM_MS = 10_000;
const POLL_WITHOUT_STREAM_MS = 2_000;

type Listener = (event: StudyEvent | 'gone') => void;

interface Following {
  readonly tools: FollowerTools;
  readonly listeners: Map<string, Set<Listener>>;
  running: AbortController | null;
  isStreaming: boolean;
}

export function createFollower(tools: FollowerTools): Follower {
  const following: Following = { tools, listeners: new Map(), running: null, isStreaming: false };
  return {
    follow(uploadId, onEvent, signal) {
      listen(following, uploadId, onEvent, signal);
      if (following.running === null) start(following);
      void ignoreFailure(
        ask(following, uploadId, signal),
        'it fails only when there is no listener any more',
      );
    },
    close: () => stop(following),
  };
}

function listen(following: Following, uploadId: string, onEvent: Listener, signal: AbortSignal): void {
  const { listeners } = following;
  const known = listeners.get(uploadId) ?? new Set();
  listeners.set(uploadId, known.add(onEvent));
  const forget = (): void => {
    known.delete(onEvent);
    if (known.size === 0) listeners.delete(uploadId);
    if (listeners.size === 0) stop(following);
  };
  signal.addEventListener('abort', forget, { once: true });
}

function start(following: Following): void {
  following.running = new AbortController();
  const { signal } = following.running;
  void ignoreFailure(stream(following, signal), 'it ends only by abort');
  void ignoreFailure(poll(following, signal), 'it ends only by abort');
}

function stop(following: Following): void {
  following.running?.abort();
  following.running = null;
  following.isStreaming = false;
}

function tell({ listeners }: Following, uploadId: string, event: StudyEvent | 'gone'): void {
  for (const listener of listeners.get(uploadId) ?? []) listener(event);
}

function mayStream({ tools }: Following): boolean {
  return tools.mayStream?.() ?? true;
}

async function ask(following: Following, uploadId: string, signal: AbortSignal): Promise<void> {
  const path = `/upload/${uploadId}/status`;
  try {
    const { instances: _, ...event } = await following.tools.api.json(path, uploadStatusSchema, { signal });
    tell(following, uploadId, event);
  } catch (error) {
    signal.throwIfAborted();
    // The gateway's database was restored from a backup, so the study has to be announced again. After any other
    // failure, the next poll asks again.
    if (error instanceof ApiProblem && error.code === 'upload-not-found') tell(following, uploadId, 'gone');
  }
}

async function askAll(following: Following, signal: AbortSignal): Promise<void> {
  for (const uploadId of [...following.listeners.keys()]) await ask(following, uploadId, signal);
}

async function poll(following: Following, signal: AbortSignal): Promise<void> {
  for (;;) {
    const isBeside = following.isStreaming || !mayStream(following);
    await following.tools.clock.sleep(isBeside ? POLL_BESIDE_STREAM_MS : POLL_WITHOUT_STREAM_MS, signal);
    await askAll(following, signal);
  }
}

/** Opens one stream after another while this device may hold a connection. */
async function stream(following: Following, signal: AbortSignal): Promise<void> {
  const { clock, random } = following.tools;
  const last: LastHeard = { id: null, backOff: createBackOff(random) };
  for (;;) {
    if (!mayStream(following)) {
      await clock.sleep(POLL_BESIDE_STREAM_MS, signal);
      continue;
    }
    try {
      await readStream(following, last, signal);
    } catch {
      signal.throwIfAborted();
    }
    following.isStreaming = false;
    await clock.sleep(last.backOff.next(), signal);
  }
}

interface LastHeard {
  /** The id of the last message, from which the gateway resumes. */
  id: string | null;
  readonly backOff: BackOff;
}

async function readStream(following: Following, last: LastHeard, signal: AbortSignal): Promise<void> {
  const headers: Record<string, string> = {
    accept: 'text/event-stream',
    ...(last.id === null ? {} : { 'last-event-id': last.id }),
  };
  const response = await following.tools.api.send('/events', { headers, signal });
  const isStream =
    response.ok && (response.headers.get('content-type') ?? '').startsWith('text/event-stream');
  if (!response.body) return;
  if (!isStream) {
    await ignoreFailure(response.body.cancel(), 'this body is not read');
    return;
  }
  following.isStreaming = true;
  void ignoreFailure(askAll(following, signal), 'it fails only by abort');
  for await (const message of readEvents(response.body)) {
    // Reset only after a message, because a proxy may open streams and end them at once.
    last.backOff.reset();
    last.id = message.id ?? last.id;
    const event = message.event === 'study' ? studyEventSchema.safeParse(parseJson(message.data)) : null;
    if (event?.success) tell(following, event.data.uploadId, event.data);
  }
}

/** The events of one upload. Of events that arrive while one is being handled, only the newest is used. */
export async function* eventsOf(
  follower: Follower,
  uploadId: string,
  signal: AbortSignal,
): AsyncGenerator<StudyEvent | 'gone'> {
  const stop = new AbortController();
  let latest: StudyEvent | 'gone' | null = null;
  let arrived = Promise.withResolvers<void>();
  const wake = () => arrived.resolve();
  signal.addEventListener('abort', wake, { once: true });
  follower.follow(
    uploadId,
    (event) => {
      latest = event;
      wake();
    },
    stop.signal,
  );
  try {
    while (!signal.aborted) {
      const event: StudyEvent | 'gone' | null = latest;
      latest = null;
      arrived = Promise.withResolvers<void>();
      if (event !== null) yield event;
      else await arrived.promise;
    }
  } finally {
    stop.abort();
    signal.removeEventListener('abort', wake);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
