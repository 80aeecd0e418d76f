/**
 * Asks a PACS that may be anything one question: an answer has a size and a time, redirects are not followed, and
 * nothing that comes back is trusted. Node's own HTTP and no fetch: a body that waits for "100 Continue", a
 * private CA and a connection of its own for each question need it.
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

/** The PACS to look at. */
export type PacsConnection = {
  /** The DICOMweb root, without a slash at its end and without a password in it. */
  readonly url: string;
  /** Value of the Authorization header, or null. */
  readonly authorization: string | null;
  /** Certificates in PEM that are trusted besides the usual ones, or null. */
  readonly ca: string | null;
  /** The certificate that is shown to the PACS, with its key, in PEM. */
  readonly own?: { readonly cert: string; readonly key: string } | null;
  /** The address of the proxy that leads there, or null. */
  readonly proxy?: string | null;
  /** Addresses that are not connected to; link-local ones without it. */
  readonly blocked?: BlockList | undefined;
};

export type Question = {
  readonly method?: 'GET' | 'POST' | 'OPTIONS' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** The body goes out in chunks, without its length. */
  readonly isChunked?: boolean;
  /** Without the credentials. */
  readonly isAnonymous?: boolean;
  /** The most to read of the answer's body. */
  readonly maxBytes?: number;
};

export type Answer = {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** False: it was cut off, by us or by them. */
  readonly isWhole: boolean;
};

/** `code`: the system's name for what happened to the connection. */
export type NoAnswer = { readonly kind: 'none'; readonly isSilent: boolean; readonly code: string };

/** A PACS that needs longer for one small question cannot be worked with; the whole visit has a minute. */
const ANSWER_MS = 8_000;
/** 2000 rows of a search have 3 to 6 MB. */
const BODY_BYTES_LIMIT = 16 * 1024 * 1024;

/** Options of TLS: the usual authorities, and those of the site. */
export const trusting = (ca: string | null): { ca?: string[] } =>
  ca === null ? {} : { ca: [...getCACertificates('default'), ca] };

/** Host and port of an address, and whether it is reached by TLS. */
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

/** Each question has a connection of its own. */
const connecting =
  (...way: Parameters<typeof openSocket>): NonNullable<RequestOptions['createConnection']> =>
  (_options, done) => {
    openSocket(...way).then(
      (socket) => done(null, socket),
      (error: Error) => done(error, null as never),
    );
    return undefined;
  };

/** Never rejects: no answer is an answer too. */
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

/** Rejects where the connection ends without an answer. */
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
      // Cut off: the close that follows says so.
      response.on('error', () => undefined);
      response.on('close', () => done(Buffer.concat(pieces), response.complete));
    });
  });
}

/** The name that the system or Node has for an error; no free text. */
export function codeOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  for (const said of [code, name]) if (typeof said === 'string' && /^\w{1,60}$/.test(said)) return said;
  return 'unknown';
}
