/**
 * Sends one request to an untrusted PACS: the answer is limited in size and time, redirects are not followed, and
 * nothing that comes back is trusted. It uses Node's own HTTP instead of fetch, because it needs "100 Continue", a
 * private CA, and a separate connection for each request.
 */
import {
  request as requestPlain,
  type ClientRequest,
  type IncomingHttpHeaders,
  type RequestOptions,
} from 'node:http';
import { Agent, request as requestTls } from 'node:https';
import type { BlockList } from 'node:net';
import { getCACertificates } from 'node:tls';
import { openSocket } from '../refuse-link-local.ts';

/** The PACS to be examined. */
export type PacsConnection = {
  /** The DICOMweb root, without a trailing slash and without a password. */
  readonly url: string;
  /** Value of the Authorization header, or null. */
  readonly authorization: string | null;
  /** Certificates in PEM that are trusted in addition to the default ones, or null. */
  readonly ca: string | null;
  /** The client certificate for the PACS with its key, in PEM. */
  readonly own?: { readonly cert: string; readonly key: string } | null;
  /** The address of the proxy through which the PACS is reached, or null. */
  readonly proxy?: string | null;
  /** Addresses to which no connection is made. Default: link-local addresses. */
  readonly blocked?: BlockList | undefined;
};

export type Question = {
  readonly method?: 'GET' | 'POST' | 'OPTIONS' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** The body is sent in chunks, without its length. */
  readonly isChunked?: boolean;
  /** The request is sent without credentials. */
  readonly isAnonymous?: boolean;
  /** The most bytes of the answer's body that are read. */
  readonly maxBytes?: number;
};

export type Answer = {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** False: the body was cut off, by us or by the PACS. */
  readonly isWhole: boolean;
};

/** `code`: the system's error code for the connection. */
export type NoAnswer = { readonly kind: 'none'; readonly isSilent: boolean; readonly code: string };

/**
 * The limit for one answer. A PACS that takes longer for one small request is unusable, and the whole examination has
 * a minute.
 */
const ANSWER_MS = 8_000;
/** The longest body; 2000 rows of a search have 3 to 6 MB. */
const BODY_BYTES_LIMIT = 16 * 1024 * 1024;

/** TLS options: trusts the default authorities and those of the site. */
export const trusting = (ca: string | null): { ca?: string[] } =>
  ca === null ? {} : { ca: [...getCACertificates('default'), ca] };

/** Host and port of an address, and whether it uses TLS. */
export const placeOf = (url: string) => {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const isTls = protocol === 'https:' || protocol === 'dimse-tls:';
  return { isTls, host, port: Number(port || (isTls ? 443 : 80)) };
};

export function startRequest(
  connection: PacsConnection,
  { method = 'GET', url, headers, isAnonymous }: Question,
  signal: AbortSignal,
): ClientRequest {
  const { authorization, ca, own = null, proxy = null, blocked } = connection;
  const { isTls, ...place } = placeOf(url);
  const credentials = authorization === null || isAnonymous ? {} : { authorization };
  const options = { method, headers: { ...headers, ...credentials }, signal };
  const tls = isTls ? { ...trusting(ca), ...own } : null;
  if (tls !== null && proxy !== null)
    return requestTls(url, { ...options, ...tls, agent: new Agent({ proxyEnv: { HTTPS_PROXY: proxy } }) });
  const createConnection = connecting({ ...place, blocked }, tls, signal);
  return (isTls ? requestTls : requestPlain)(url, { ...options, createConnection });
}

/** Opens a separate connection for each request. */
const connecting =
  (...way: Parameters<typeof openSocket>): NonNullable<RequestOptions['createConnection']> =>
  (_options, done) => {
    openSocket(...way).then(
      (socket) => done(null, socket),
      (error: Error) => done(error, null as never),
    );
    return undefined;
  };

/** Never rejects; a missing answer is a result too. */
export async function ask(
  connection: PacsConnection,
  question: Question,
  signal: AbortSignal,
): Promise<Answer | NoAnswer> {
  const late = AbortSignal.timeout(ANSWER_MS);
  const { body, isChunked } = question;
  const headers: Record<string, string> = { ...question.headers };
  if (body !== undefined && !isChunked) headers['content-length'] = String(body.length);
  if (isChunked) headers['transfer-encoding'] = 'chunked';
  return new Promise((resolve) => {
    const request = startRequest(connection, { ...question, headers }, AbortSignal.any([signal, late]));
    answerTo(request, question.maxBytes ?? BODY_BYTES_LIMIT).then(resolve, (error: unknown) =>
      resolve({ kind: 'none', isSilent: late.aborted || signal.aborted, code: codeOf(error) }),
    );
    request.end(body);
  });
}

/** Rejects if the connection ends without an answer. */
export function answerTo(request: ClientRequest, maxBytes: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      const { statusCode: status = 0, headers } = response;
      const done = (body: Buffer, isWhole: boolean): void =>
        resolve({ kind: 'answer', status, headers, body, isWhole });
      const pieces: Buffer[] = [];
      let bytes = 0;
      response.on('data', (piece: Buffer) => {
        pieces.push(piece);
        bytes += piece.length;
        if (bytes <= maxBytes) return;
        done(Buffer.concat(pieces).subarray(0, maxBytes), false);
        response.destroy();
      });
      // The body was cut off; the `close` handler reports that.
      response.on('error', () => undefined);
      response.on('close', () => done(Buffer.concat(pieces), response.complete));
    });
  });
}

/** The code or name that the system or Node gives an error, never free text. */
export function codeOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  for (const said of [code, name]) if (typeof said === 'string' && /^\w{1,60}$/.test(said)) return said;
  return 'unknown';
}
