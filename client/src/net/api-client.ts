/**
 * The one door to the gateway's JSON answers: adds the token, renews it once after a 401, parses what comes
 * back with the schemas of shared/protocol, and turns every refusal into an ApiProblem. Does not retry: who
 * asked knows whether that helps.
 */
import type { z } from 'zod';
import type { ProblemDetails } from '#shared/protocol/api.ts';
import { PROBLEMS, type ProblemCode } from '#shared/protocol/problem-table.ts';
import { readProblem } from './read-answers.ts';
import type { ServerClock } from './server-clock.ts';

/** The gateway refused, with a code of PROBLEMS; or something between refused, and `code` is null. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: ProblemCode | null;
  /** As it came: what other tables than PROBLEMS know, and what this page is too old for. */
  readonly anyCode: string | null;
  readonly detail: string | null;
  readonly correlationId: string | null;
  /** What Retry-After asked for, in milliseconds. */
  readonly retryAfterMs: number | null;

  constructor(status: number, details: ProblemDetails | null, retryAfterMs: number | null) {
    super(details?.title ?? `status ${status}`);
    this.name = 'ApiProblem';
    this.status = status;
    this.code = details !== null && details.code in PROBLEMS ? (details.code as ProblemCode) : null;
    this.anyCode = details?.code ?? null;
    this.detail = details?.detail ?? null;
    this.correlationId = details?.correlationId ?? null;
    this.retryAfterMs = retryAfterMs;
  }
}

/** No answer at all: offline, DNS, a closed port, a cut connection. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super('the gateway cannot be reached', { cause });
    this.name = 'Unreachable';
  }
}

/**
 * Something answered in the gateway's place: a captive portal, a proxy's page. As good as no answer, and
 * worth saying.
 */
export class ForeignAnswer extends Unreachable {}

/** Longer than any problem of ours; a proxy's page of HTML is not read to its end. */
const PROBLEM_BYTES_LIMIT = 64 * 1024;

/**
 * Retry-After (RFC 9110 §10.2.3): seconds, or a date, which is held against the answer's own: this device's
 * clock may be wrong. Null where there is none.
 */
export function retryAfterMs(headers: Headers, now: number = Date.now()): number | null {
  const value = headers.get('retry-after');
  if (value === null) return null;
  if (/^[0-9]{1,6}$/.test(value)) return Number(value) * 1000;
  const [at, answered] = [Date.parse(value), Date.parse(headers.get('date') ?? '')];
  return Number.isNaN(at) ? null : Math.max(0, at - (Number.isNaN(answered) ? now : answered));
}

/** The refusal in a response that is not a success. Never throws. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const wait = retryAfterMs(response.headers);
  try {
    const text = await response.text();
    if (text.length > PROBLEM_BYTES_LIMIT) return new ApiProblem(response.status, null, wait);
    return new ApiProblem(response.status, readProblem(JSON.parse(text)), wait);
  } catch {
    return new ApiProblem(response.status, null, wait);
  }
}

/** A page for people, which this API never gives. */
export function isPage(response: Response): boolean {
  return (response.headers.get('content-type') ?? '').startsWith('text/html');
}

/**
 * `fetch` that calls `onSent` with the bytes of the body that have left so far, and gives up where nothing
 * moves. Its body is bytes or text.
 */
export type FetchTelling = (
  url: string,
  init: RequestInit,
  onSent: (bytes: number) => void,
) => Promise<Response>;

/** Where a token comes from: a session (session.ts), or a device's right to send (upload-right.ts). */
export interface TokenSource {
  accessToken(): Promise<string | null>;
  renew(stale: string | null): Promise<string | null>;
}

export interface ApiTools {
  readonly baseUrl: string;
  readonly fetch: typeof fetch;
  /** Does the same and tells how much of the body has left; where there is none, nobody is told. */
  readonly fetchTelling?: FetchTelling;
  readonly tokens: TokenSource;
  /** Is set by every answer. */
  readonly serverClock?: ServerClock;
}

export interface RequestOptions {
  readonly method?: string;
  readonly body?: unknown;
  /** The route takes gzip: a manifest is a sixth of itself on the wire. */
  readonly gzip?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

export interface ApiClient {
  readonly baseUrl: string;
  /**
   * A response as it is, whatever its status, with the token added and renewed once; with `onSent` it comes
   * whole. Throws Unreachable, or the signal's reason.
   */
  send(path: string, init: RequestInit, onSent?: (bytes: number) => void): Promise<Response>;
  /**
   * The JSON answer, checked. Throws ApiProblem, Unreachable or, where the answer is not what was agreed,
   * ZodError.
   */
  json<T>(path: string, schema: z.ZodType<T>, options?: RequestOptions): Promise<T>;
  /** The text of the answer (a receipt). Throws as `json`. */
  text(path: string, options?: RequestOptions): Promise<string>;
}

/** Characters: what is shorter fits into the packets that are sent at once anyway. */
const GZIP_FROM = 8 * 1024;

async function gzipped(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export function createApiClient(tools: ApiTools): ApiClient {
  async function once(
    path: string,
    init: RequestInit,
    token: string | null,
    onSent?: (bytes: number) => void,
  ): Promise<Response> {
    const headers = new Headers(init.headers);
    if (token !== null) headers.set('authorization', `Bearer ${token}`);
    const arrived = tools.serverClock?.exchange();
    try {
      const [url, whole] = [`${tools.baseUrl}${path}`, { ...init, headers }];
      const response =
        onSent && tools.fetchTelling
          ? await tools.fetchTelling(url, whole, onSent)
          : await tools.fetch(url, whole);
      arrived?.(response.headers);
      return response;
    } catch (error) {
      init.signal?.throwIfAborted();
      throw new Unreachable(error);
    }
  }

  async function send(path: string, init: RequestInit, onSent?: (bytes: number) => void): Promise<Response> {
    const token = await tools.tokens.accessToken();
    const response = await once(path, init, token, onSent);
    if (response.status !== 401) return response;
    const renewed = await tools.tokens.renew(token);
    if (renewed === null || renewed === token) return response;
    await response.body?.cancel();
    return once(path, init, renewed, onSent);
  }

  async function ask(path: string, options: RequestOptions, accept: string): Promise<Response> {
    const headers: Record<string, string> = { accept, ...options.headers };
    let body: string | Uint8Array<ArrayBuffer> | null = null;
    if (options.body !== undefined) {
      headers['content-type'] = 'application/json';
      body = JSON.stringify(options.body);
      if (options.gzip === true && body.length > GZIP_FROM && 'CompressionStream' in globalThis) {
        headers['content-encoding'] = 'gzip';
        body = await gzipped(body);
      }
    }
    const response = await send(
      path,
      {
        method: options.method ?? (options.body === undefined ? 'GET' : 'POST'),
        headers,
        ...(body === null ? {} : { body }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
      () => undefined,
    );
    if (response.ok) return response;
    const problem = await problemOf(response);
    // No status of ours is without a code: who redirects or refuses in HTML stands between.
    if (problem.code === null && response.status < 500 && (isPage(response) || response.status < 400))
      throw new ForeignAnswer(problem);
    throw problem;
  }

  return {
    baseUrl: tools.baseUrl,
    send,
    async json(path, schema, options = {}) {
      const response = await ask(path, options, 'application/json');
      if (isPage(response)) throw new ForeignAnswer(response.status);
      let body: unknown;
      try {
        body = await response.json();
      } catch (error) {
        options.signal?.throwIfAborted();
        throw new Unreachable(error);
      }
      return schema.parse(body);
    },
    async text(path, options = {}) {
      const response = await ask(path, options, '*/*');
      if (isPage(response)) throw new ForeignAnswer(response.status);
      try {
        return await response.text();
      } catch (error) {
        options.signal?.throwIfAborted();
        throw new Unreachable(error);
      }
    },
  };
}
