/**
 * HTTP to a PACS: one place for credentials, for time-outs and for telling "unreachable" from "refused". A
 * time-out counts from the last byte that moved, never from the start: an instance of 1 GB over a slow line
 * is not an error.
 */
import { gatherAll } from './multipart.ts';
import { InstanceUnreadable, isTurnedAway, PacsUnreachable } from './pacs.ts';

export type PacsSettings = {
  /** The DICOMweb root, with or without a slash at the end. */
  readonly url: string;
  /** Value of the Authorization header field, or null. */
  readonly authorization: string | null;
  /** Gives the Authorization header field instead, where it has to be asked for (access-token.ts). */
  readonly tokens?: TokenSource | undefined;
  /** In the place of the global one, where a proxy or certificates are set (pacs-fetch.ts). */
  readonly fetch?: typeof fetch | undefined;
  /** Whether it is asked for storage commitment. */
  readonly commitment?: boolean | undefined;
  /**
   * Longest silence. Below about 30 s a PACS that stores a large batch before it answers is given up; far
   * above it a dead one holds a study.
   */
  readonly idleMs?: number;
  /** Runs `giveUp` after a silence of so many milliseconds, unless refreshed; a test brings its own. */
  readonly startTimer?: (giveUp: () => void, ms: number) => SilenceTimer;
};

export type TokenSource = {
  /** The value of the Authorization header field. Throws PacsUnreachable. */
  authorization(signal: AbortSignal): Promise<string>;
  /** The PACS did not take it: the next one is asked for. */
  forget(): void;
};

export type SilenceTimer = { refresh(): unknown; [Symbol.dispose](): void };

const IDLE_MS = 120_000;

export type PacsRequest = {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly accept: string;
  readonly contentType?: string;
  readonly contentLength?: number;
  readonly body?: AsyncIterable<Uint8Array> | undefined;
};

/** `text` throws PacsUnreachable where there is more of it than anything that is asked for. */
export type PacsAnswer = Pick<Response, 'status' | 'ok' | 'headers' | 'body'> & {
  text(bytesLimit?: number): Promise<string>;
};

export type PacsHttp = {
  /** Sends the request and gives the answer to `read`; the time-out covers both. Throws PacsUnreachable. */
  exchange<T>(
    url: string,
    request: PacsRequest,
    signal: AbortSignal,
    read: (answer: PacsAnswer, alive: () => void) => Promise<T>,
  ): Promise<T>;
};

/** The URL without parts that may be secret: user, password, query. */
export function withoutCredentials(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/\/+$/, '');
}

/**
 * Fetch Standard, HTTP-network-or-cache fetch: unless the request's "window is no-window" and its "redirect
 * mode is error", it is cloned, and the clone keeps every byte that was sent: an instance of 1 GiB would take
 * 1 GiB. A PACS that redirects a store is treated as one that is away.
 */
const SENT_ONCE = { duplex: 'half', redirect: 'error', window: null } as const;

export function createPacsHttp(settings: PacsSettings): PacsHttp {
  const { idleMs = IDLE_MS } = settings;
  const startTimer: NonNullable<PacsSettings['startTimer']> = settings.startTimer ?? setTimeout;
  return {
    async exchange(url, request, signal, read) {
      const idle = new AbortController();
      const timer = startTimer(
        () => idle.abort(new PacsUnreachable('the PACS is silent', null, 'silent')),
        idleMs,
      );
      const alive = () => void timer.refresh();
      const own: OwnFailure = { error: null };
      const until = AbortSignal.any([signal, idle.signal]);
      try {
        const init: RequestInit & { duplex?: 'half' } = {
          method: request.method ?? 'GET',
          headers: headersOf(request, await authorizationOf(settings, until)),
          redirect: 'manual',
          signal: until,
          ...(request.body === undefined
            ? {}
            : { body: ReadableStream.from(watched(request.body, alive, own)), ...SENT_ONCE }),
        };
        const response = await (settings.fetch ?? fetch)(url, init);
        alive();
        if (isTurnedAway(response.status)) {
          await response.body?.cancel();
          if (response.status === 401) settings.tokens?.forget();
          throw new PacsUnreachable(`the PACS answered ${response.status}`, response.status);
        }
        return await read(boundedAnswer(response), alive);
      } catch (error) {
        // The caller ended it: not the PACS's doing.
        signal.throwIfAborted();
        // fetch reports a body that fails in words of its own, or as a closed connection.
        throw own.error ?? asUnreachable(idle.signal.aborted ? idle.signal.reason : error);
      } finally {
        timer[Symbol.dispose]();
      }
    },
  };
}

/** Orthanc's list of a study with 20 000 instances has 16 MB. */
const TEXT_LIMIT = 32 * 1024 ** 2;

function boundedAnswer(response: Response): PacsAnswer {
  const { status, ok, headers, body } = response;
  return {
    ...{ status, ok, headers, body },
    async text(bytesLimit = TEXT_LIMIT) {
      const bytes = body === null ? new Uint8Array() : await gatherAll(body, bytesLimit);
      if (bytes === null) throw new PacsUnreachable('the PACS answered with too much text', status);
      return new TextDecoder().decode(bytes);
    },
  };
}

const authorizationOf = async (
  { authorization, tokens }: PacsSettings,
  signal: AbortSignal,
): Promise<string | null> => (tokens === undefined ? authorization : tokens.authorization(signal));

function headersOf(request: PacsRequest, authorization: string | null): Record<string, string> {
  const headers: Record<string, string> = { accept: request.accept };
  if (authorization !== null) headers['authorization'] = authorization;
  if (request.contentType !== undefined) headers['content-type'] = request.contentType;
  if (request.contentLength !== undefined) headers['content-length'] = String(request.contentLength);
  return headers;
}

/** The body could not be read: the gateway's trouble. */
type OwnFailure = { error: InstanceUnreadable | null };

async function* watched(
  body: AsyncIterable<Uint8Array>,
  alive: () => void,
  own: OwnFailure,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of body) {
      alive();
      yield piece;
    }
  } catch (error) {
    if (error instanceof InstanceUnreadable) own.error = error;
    throw error;
  }
}

/** fetch's TypeError and a body that was cut become PacsUnreachable; errors of our own pass. */
function asUnreachable(error: unknown): unknown {
  if (!(error instanceof TypeError)) return error;
  const code = (error.cause as { code?: unknown } | undefined)?.code;
  const connection = typeof code === 'string' ? code : null;
  return new PacsUnreachable('the PACS cannot be reached', null, connection, error);
}
