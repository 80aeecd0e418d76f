/**
 * The only access to the gateway's JSON answers. It adds the token and renews it once after a 401, parses answers with
 * the schemas of shared/protocol, and turns every refusal into an ApiProblem. It repeats only a safe request whose
 * connection broke, and only once; the caller decides about further attempts.
 */
import type { z } from 'zod';
import type { ProblemDetails } from '#shared/protocol/api.ts';
import { PROBLEMS, type ProblemCode } from '#shared/protocol/problem-table.ts';
import { onceMore } from './once-more.ts';
import { readProblem } from './read-answers.ts';
import type { ServerClock } from './server-clock.ts';

/** The gateway refused, with a code of PROBLEMS; or a proxy refused, and `code` is null. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: ProblemCode | null;
  /** The code as received, even if it belongs to another table than PROBLEMS or is newer than this page. */
  readonly anyCode: string | null;
  readonly detail: string | null;
  readonly correlationId: string | null;
  /** Retry-After, in milliseconds. */
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
 * Something else answered instead of the gateway, such as a captive portal or a proxy's page. The person should know.
 */
export class ForeignAnswer extends Unreachable {}

/** The session belongs to another account now, so the request was not sent. */
export class OtherAccount extends Error {
  constructor() {
    super('another account is signed in');
    this.name = 'OtherAccount';
  }
}

/** No problem document of the gateway is longer. A proxy's HTML page is not read to its end. */
const PROBLEM_BYTES_LIMIT = 64 * 1024;

/**
 * Retry-After (RFC 9110 §10.2.3): seconds, or a date, which is compared with the answer's own date, because this
 * device's clock may be wrong. Null where there is none.
 */
function retryAfterMs(headers: Headers, now: number = Date.now()): number | null {
  const value = headers.get('retry-after');
  if (value === null) return null;
  if (/^[0-9]{1,6}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  const answered = Date.parse(headers.get('date') ?? '');
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

/** Whether the answer is an HTML page, which this API never returns. */
export function isPage(response: Response): boolean {
  return (response.headers.get('content-type') ?? '').startsWith('text/html');
}

/**
 * `fetch` that calls `onSent` with the bytes sent so far, and gives up when there is no progress. Bodies: bytes or
 * text.
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
  /** The user of the tokens. All tabs share one session, so a renewal may return another user's token. */
  readonly user?: { peek(): { readonly id: string } | null };
}

interface ApiTools {
  readonly baseUrl: string;
  readonly fetch: typeof fetch;
  /** `fetch` with progress; without it, no progress is reported. */
  readonly fetchTelling?: FetchTelling;
  readonly tokens: TokenSource;
  /** Updated by every answer. */
  readonly serverClock?: ServerClock;
}

export interface RequestOptions {
  readonly method?: string;
  readonly body?: unknown;
  /** Compresses the body. The route accepts gzip, which makes a manifest six times smaller. */
  readonly gzip?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  readonly as?: SendInit['as'];
}

interface SendInit extends RequestInit {
  /**
   * The id of the account that this request belongs to; it is never sent with another account's token. Null: any
   * account.
   */
  readonly as?: string | null;
}

export interface ApiClient {
  readonly baseUrl: string;
  /**
   * Returns the response, whatever its status. The token is added, and renewed once. With `onSent` the response is
   * complete when it is returned. Throws Unreachable, OtherAccount, or the signal's reason.
   */
  send(path: string, init: SendInit, onSent?: (bytes: number) => void): Promise<Response>;
  /** The JSON answer, checked. Throws ApiProblem, Unreachable, or ZodError where the answer breaks the schema. */
  json<T>(path: string, schema: z.ZodType<T>, options?: RequestOptions): Promise<T>;
  /** The text of the answer (a receipt). Throws as `json`. */
  text(path: string, options?: RequestOptions): Promise<string>;
}

/** In characters. A shorter body fits into the first packets anyway. */
const GZIP_FROM = 8 * 1024;

async function gzipped(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export function createApiClient(tools: ApiTools): ApiClient {
  return {
    baseUrl: tools.baseUrl,
    send: (path, init, onSent) => onceMore(init.method, () => send(tools, path, init, onSent)),
    async json(path, schema, options = {}) {
      const answer = await onceMore(methodOf(options), async () => {
        const response = await ask(tools, path, options, 'application/json');
        return readBody(response, options.signal, () => response.json());
      });
      return schema.parse(answer);
    },
    text: (path, options = {}) =>
      onceMore(methodOf(options), async () => {
        const response = await ask(tools, path, options, '*/*');
        return readBody(response, options.signal, () => response.text());
      }),
  };
}

type OnSent = (bytes: number) => void;

async function send(
  tools: ApiTools,
  path: string,
  { as, ...init }: SendInit,
  onSent?: OnSent,
): Promise<Response> {
  const token = await tools.tokens.accessToken();
  checkAccount(tools, as);
  const response = await sendOnce(tools, withToken(path, init, token), onSent);
  if (response.status !== 401) return response;
  const renewed = await tools.tokens.renew(token);
  if (renewed === null || renewed === token) return response;
  await response.body?.cancel();
  checkAccount(tools, as);
  return sendOnce(tools, withToken(path, init, renewed), onSent);
}

/** Call this after each token was fetched, in the same event-loop turn as the request that uses the token. */
function checkAccount({ tokens }: ApiTools, as: SendInit['as']): void {
  if (as && tokens.user?.peek()?.id !== as) throw new OtherAccount();
}

type Authorised = { readonly path: string; readonly init: RequestInit };

function withToken(path: string, init: RequestInit, token: string | null): Authorised {
  const headers = new Headers(init.headers);
  if (token !== null) headers.set('authorization', `Bearer ${token}`);
  return { path, init: { ...init, headers } };
}

async function sendOnce(
  { baseUrl, fetch, fetchTelling, serverClock }: ApiTools,
  { path, init }: Authorised,
  onSent?: OnSent,
): Promise<Response> {
  const arrived = serverClock?.exchange();
  const url = `${baseUrl}${path}`;
  try {
    const response = onSent && fetchTelling ? await fetchTelling(url, init, onSent) : await fetch(url, init);
    arrived?.(response.headers);
    return response;
  } catch (error) {
    init.signal?.throwIfAborted();
    throw new Unreachable(error);
  }
}

async function ask(
  tools: ApiTools,
  path: string,
  options: RequestOptions,
  accept: string,
): Promise<Response> {
  // With a listener, the request gives up when there is no progress.
  const response = await send(tools, path, await toRequest(options, accept), () => undefined);
  if (response.ok) return response;
  const problem = await problemOf(response);
  // Every refusal of the gateway has a code, so a redirect or an HTML refusal comes from something in between.
  if (problem.code === null && response.status < 500 && (isPage(response) || response.status < 400))
    throw new ForeignAnswer(problem);
  throw problem;
}

const methodOf = ({ method, body }: RequestOptions): string =>
  method ?? (body === undefined ? 'GET' : 'POST');

async function toRequest(options: RequestOptions, accept: string): Promise<SendInit> {
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
  return {
    method: methodOf(options),
    headers,
    as: options.as ?? null,
    ...(body === null ? {} : { body }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
}

async function readBody<T>(
  response: Response,
  signal: AbortSignal | undefined,
  read: () => Promise<T>,
): Promise<T> {
  if (isPage(response)) throw new ForeignAnswer(response.status);
  try {
    return await read();
  } catch (error) {
    signal?.throwIfAborted();
    throw new Unreachable(error);
  }
}
