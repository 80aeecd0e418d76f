/**
 * HTTP to a PACS: the one place for credentials, for time-outs and for telling "unreachable" from "refused". A time-out
 * counts from the last byte that moved, never from the start: an instance of 1 GB over a slow line is not an error.
 */
import type { Readable } from 'node:stream';
import { trimEnd } from '#shared/trim-end.ts';
import { parseApart, type Parser, type ToParse } from '../../threads/parse-apart.ts';
import { ThreadEnded } from '../../threads/thread.ts';
import { givingBack } from './give-back-sent.ts';
import { gatherAll } from './multipart.ts';
import { createPacsAgent, type PacsAgent } from './pacs-agent.ts';
import { InstanceUnreadable, isTurnedAway, PacsUnreachable } from './pacs.ts';

export type PacsSettings = {
  /** The DICOMweb root, with or without a slash at the end. */
  readonly url: string;
  /** Value of the Authorization header field, or null. */
  readonly authorization: string | null;
  /** Provides the Authorization header field instead, where a token has to be fetched (access-token.ts). */
  readonly tokens?: TokenSource | undefined;
  /** The agent for the connections; by default the PACS gets one of its own. */
  readonly agent?: PacsAgent;
  /** Whether the PACS is asked for storage commitment. */
  readonly commitment?: boolean | undefined;
  /**
   * The longest silence, in milliseconds. Below about 30 s, a PACS that stores a large batch before it answers would be
   * given up; with a far longer limit, a dead PACS holds up a study.
   */
  readonly idleMs?: number;
  /** Runs `giveUp` after a silence of this many milliseconds, unless refreshed. Tests pass their own. */
  readonly startTimer?: (giveUp: () => void, ms: number) => SilenceTimer;
};

export type TokenSource = {
  /** The value of the Authorization header field. Throws PacsUnreachable. */
  authorization(signal: AbortSignal): Promise<string>;
  /** The PACS rejected the token, so a new one is fetched next time. */
  forget(): void;
};

type SilenceTimer = { refresh(): unknown; [Symbol.dispose](): void };

const IDLE_MS = 120_000;

export type PacsRequest = {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly accept: string;
  readonly contentType?: string;
  readonly contentLength?: number;
  /** The pieces of the body are given away (give-back-sent.ts). */
  readonly body?: AsyncIterable<Uint8Array> | undefined;
};

/**
 * `body`: ends with the exchange, even if it was not read to its end. `parse` reads all of it, and throws
 * PacsUnreachable where it is longer than any answer to a request of ours.
 */
export type PacsAnswer = {
  readonly status: number;
  readonly ok: boolean;
  readonly contentType: string;
  readonly body: AsyncIterable<Uint8Array>;
  parse<Rest extends unknown[], Value>(parser: Parser<Rest, Value>, ...rest: Rest): Promise<Value>;
};

export type PacsHttp = {
  /** Sends the request and passes the answer to `read`; the time-out covers both. Throws PacsUnreachable. */
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
  return origin + trimEnd(pathname, '/');
}

export function createPacsHttp(settings: PacsSettings): PacsHttp {
  const { idleMs = IDLE_MS, agent = createPacsAgent() } = settings;
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
        const headers = headersOf(request, await authorizationOf(settings, until));
        const body = request.body === undefined ? null : givingBack(watched(request.body, alive, own));
        using response = await send(agent, url, { method: request.method, headers, body, until });
        alive();
        if (isTurnedAway(response.status)) {
          if (response.status === 401) settings.tokens?.forget();
          throw new PacsUnreachable(`the PACS answered ${response.status}`, response.status);
        }
        return await read(response, alive);
      } catch (error) {
        // The caller aborted it; that is not the PACS's fault.
        signal.throwIfAborted();
        throw own.error ?? (idle.signal.aborted ? idle.signal.reason : error);
      } finally {
        timer[Symbol.dispose]();
      }
    },
  };
}

type Sent = {
  readonly method: PacsRequest['method'];
  readonly headers: Record<string, string>;
  readonly body: AsyncIterable<Uint8Array> | null;
  readonly until: AbortSignal;
};

/** Redirects are not followed. Throws PacsUnreachable. */
async function send(
  agent: PacsAgent,
  url: string,
  { method = 'GET', headers, body, until }: Sent,
): Promise<PacsAnswer & Disposable> {
  const { undici, dispatcher } = await agent();
  const options = {
    ...{ dispatcher, method, headers, signal: until },
    // undici takes any iterable; its types name a Readable.
    body: body as Readable | null,
  };
  const response = await undici.request(url, options).catch((error: unknown) => {
    throw asUnreachable(error);
  });
  // The body's reader gets the body's errors; this only keeps them from being unhandled.
  response.body.on('error', () => undefined);
  return {
    ...answerOf(response.statusCode, response.headers['content-type'], received(response.body), {
      from: `pacs ${new URL(url).host}`,
      signal: until,
    }),
    [Symbol.dispose]: () => void response.body.destroy(),
  };
}

/** Orthanc's list of a study with 20 000 instances has 16 MB. */
const ANSWER_LIMIT = 32 * 1024 ** 2;

function answerOf(
  status: number,
  contentType: string | string[] = '',
  body: AsyncIterable<Uint8Array>,
  asked: Pick<ToParse, 'from' | 'signal'>,
): PacsAnswer {
  const tooMuch = (): PacsUnreachable => new PacsUnreachable('the PACS answered with too much', status);
  return {
    ...{ status, ok: status >= 200 && status < 300, contentType: String(contentType), body },
    async parse(parser, ...rest) {
      const bytes = await gatherAll(body, ANSWER_LIMIT);
      if (bytes === null) throw tooMuch();
      return parseApart(parser, { ...asked, bytes }, ...rest).catch((error: unknown) => {
        throw error instanceof ThreadEnded ? tooMuch() : error;
      });
    },
  };
}

async function* received(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw asUnreachable(error);
  }
}

const authorizationOf = async (
  { authorization, tokens }: PacsSettings,
  signal: AbortSignal,
): Promise<string | null> => (tokens === undefined ? authorization : tokens.authorization(signal));

/** Compressed answers cost the PACS and the gateway more time than they save on the network. */
const ALWAYS = { 'user-agent': 'RelayPACS', 'accept-encoding': 'identity' };

function headersOf(request: PacsRequest, authorization: string | null): Record<string, string> {
  const headers: Record<string, string> = { ...ALWAYS, accept: request.accept };
  if (authorization !== null) headers['authorization'] = authorization;
  if (request.contentType !== undefined) headers['content-type'] = request.contentType;
  if (request.contentLength !== undefined) headers['content-length'] = String(request.contentLength);
  return headers;
}

/** Set if the body could not be read, which is the gateway's own fault. */
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

/** A request or an answer that was cut off. */
function asUnreachable(error: unknown): PacsUnreachable {
  const code = (error as { code?: unknown }).code;
  const connection = typeof code === 'string' ? code : null;
  // undici gives the status of a proxy that refuses the tunnel only in its message.
  const wantsCredentials = error instanceof Error && error.message.startsWith('Proxy response (407)');
  const status = wantsCredentials ? 407 : null;
  return new PacsUnreachable('the PACS cannot be reached', status, connection, error);
}
