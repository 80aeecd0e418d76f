/**
 * What the gateway says of the studies that were sent: one SSE stream for all of them, read with `fetch`
 * because EventSource cannot carry a token, and polling where a proxy holds the stream back. Every study is
 * asked for once at the beginning and after each reconnection, so that nothing said in between is missed.
 */
import { studyEventSchema, uploadStatusSchema, type UploadStatus } from '#shared/protocol/api.ts';
import { ApiProblem, type ApiClient } from '../../net/api-client.ts';
import { readEvents } from '../../net/read-events.ts';
import { createBackOff, type Clock } from './clock.ts';

export type StudyEvent = Omit<UploadStatus, 'instances'>;

export interface Follower {
  /**
   * Calls `onEvent` with what is said of the upload, at least once, until `signal` ends it. `gone`: the
   * gateway does not know it (any more).
   */
  follow(uploadId: string, onEvent: (event: StudyEvent | 'gone') => void, signal: AbortSignal): void;
  /** Ends the stream. */
  close(): void;
}

export interface FollowerTools {
  readonly api: ApiClient;
  readonly clock: Clock;
  readonly random: () => number;
  /**
   * Whether this one may hold a connection for itself now; it polls otherwise. Always, where nothing is said.
   */
  readonly mayStream?: () => boolean;
}

/** Even a living stream is doubted now and then: a proxy may hold events back without cutting it. */
const POLL_BESIDE_STREAM_MS = 10_000;
const POLL_WITHOUT_STREAM_MS = 2_000;

export function createFollower(tools: FollowerTools): Follower {
  const listeners = new Map<string, Set<(event: StudyEvent | 'gone') => void>>();
  const mayStream = () => tools.mayStream?.() ?? true;
  let running: AbortController | null = null;
  let isStreaming = false;

  function tell(uploadId: string, event: StudyEvent | 'gone'): void {
    for (const listener of listeners.get(uploadId) ?? []) listener(event);
  }

  async function ask(uploadId: string, signal: AbortSignal): Promise<void> {
    try {
      const { instances: _, ...event } = await tools.api.json(
        `/upload/${uploadId}/status`,
        uploadStatusSchema,
        { signal },
      );
      tell(uploadId, event);
    } catch (error) {
      signal.throwIfAborted();
      // Its database is an older one: only who announces the study again can mend that. Anything else the
      // next turn asks again.
      if (error instanceof ApiProblem && error.code === 'upload-not-found') tell(uploadId, 'gone');
    }
  }

  async function askAll(signal: AbortSignal): Promise<void> {
    for (const uploadId of [...listeners.keys()]) await ask(uploadId, signal);
  }

  async function stream(signal: AbortSignal): Promise<void> {
    const backOff = createBackOff(tools.random);
    let lastId: string | null = null;
    for (;;) {
      if (!mayStream()) {
        await tools.clock.sleep(POLL_BESIDE_STREAM_MS, signal);
        continue;
      }
      try {
        const headers: Record<string, string> = {
          accept: 'text/event-stream',
          ...(lastId === null ? {} : { 'last-event-id': lastId }),
        };
        const response = await tools.api.send('/events', { headers, signal });
        const isStream =
          response.ok && (response.headers.get('content-type') ?? '').startsWith('text/event-stream');
        if (isStream && response.body) {
          isStreaming = true;
          void askAll(signal).catch(() => undefined);
          for await (const message of readEvents(response.body)) {
            // Not before: somebody between may open streams and end them at once.
            backOff.reset();
            lastId = message.id ?? lastId;
            const event =
              message.event === 'study' ? studyEventSchema.safeParse(parseJson(message.data)) : null;
            if (event?.success) tell(event.data.uploadId, event.data);
          }
        } else {
          await response.body?.cancel().catch(() => undefined);
        }
      } catch {
        signal.throwIfAborted();
      }
      isStreaming = false;
      await tools.clock.sleep(backOff.next(), signal);
    }
  }

  async function poll(signal: AbortSignal): Promise<void> {
    for (;;) {
      await tools.clock.sleep(
        isStreaming || !mayStream() ? POLL_BESIDE_STREAM_MS : POLL_WITHOUT_STREAM_MS,
        signal,
      );
      await askAll(signal);
    }
  }

  function start(): void {
    running = new AbortController();
    const { signal } = running;
    // Both end only by abort.
    stream(signal).catch(() => undefined);
    poll(signal).catch(() => undefined);
  }

  function stop(): void {
    running?.abort();
    running = null;
    isStreaming = false;
  }

  return {
    follow(uploadId, onEvent, signal) {
      const known = listeners.get(uploadId) ?? new Set();
      listeners.set(uploadId, known.add(onEvent));
      signal.addEventListener(
        'abort',
        () => {
          known.delete(onEvent);
          if (known.size === 0) listeners.delete(uploadId);
          if (listeners.size === 0) stop();
        },
        { once: true },
      );
      if (running === null) start();
      ask(uploadId, signal).catch(() => undefined);
    },
    close: stop,
  };
}

/**
 * What is said of one upload, the newest first of all: what came while the last one was looked at is skipped
 * but for its latest.
 */
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
