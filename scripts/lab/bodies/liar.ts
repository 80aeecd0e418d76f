/**
 * A destination that gives answers of an attack: a proxy before an honest PACS. A service is its method and path
 * without UIDs; the one that is armed answers each question that is not about somebody else's study.
 */
import {
  startOddPacsProxy,
  type KeptRequest,
  type OddAnswer,
} from '../../../gateway/src/testing/odd-pacs-proxy.ts';
import type { Body, Kind, Place } from './body.ts';
import { kindsOf } from './kinds-of.ts';

export type Liar = {
  readonly url: string;
  /** The content types of its lies. Each service gets every nth of their bodies in its turn, and those at a limit. */
  readonly types: readonly (readonly [type: string, every: number])[];
  readonly kindsOf: (place: Place) => readonly Kind[];
  /** The size of the largest lie, in bytes. */
  readonly limit: number;
  readonly lies: Lies;
  stop(): Promise<void>;
};

/** Counts what a destination is asked, and keeps the service that it lies about next. */
export class Lies {
  asks = 0;
  told = 0;
  #asked = new Set<string>();
  #armed: { readonly service: string; readonly body: Body } | null = null;

  /** Services that were asked since they were last taken out. */
  takeAsked(): readonly string[] {
    const all = [...this.#asked];
    this.#asked.clear();
    return all;
  }

  /** Null: the destination is honest again. */
  arm(service: string | null, body?: Body): void {
    this.#armed = service === null || body === undefined ? null : { service, body };
  }

  /** The body to answer with; null: the truth. */
  answerFor(service: string): Body | null {
    this.asks += 1;
    this.#asked.add(service);
    if (this.#armed?.service !== service) return null;
    this.told += 1;
    return this.#armed.body;
  }
}

export type WebLiar = Liar & {
  /** The next search for this study hangs until the returned function is called. */
  hangOn(studyInstanceUID: string): () => void;
};

/** Destinations answer in JSON and XML; the others come from a server that stands before them. */
const TYPES = [
  ['application/dicom+json', 4],
  ['application/dicom+xml', 6],
  ['text/html', 10],
  ['multipart/related; type="application/dicom"', 10],
  ['application/dicom', 10],
] as const;
/** The gateway reads at most 32 MiB of an answer as text. */
const ANSWER_BYTES = 32 * 1024 ** 2;

const UID = /\/\d+(?:\.\d+)+(?=\/|$)/g;
const serviceOf = ({ method, path }: KeptRequest): string =>
  `${method} ${path.replace(/\?.*/, '').replace(UID, '/{uid}')}`;

/** Tokens of the authorization server before the further destination (RFC 6749 §5.1): each is good for one use. */
export const TOKEN_PATH = '/token';
const TOKEN: OddAnswer = {
  ...{ status: 200, type: 'application/json' },
  body: JSON.stringify({ access_token: 'a', token_type: 'Bearer', expires_in: 1 }),
};

/** `isOthers`: whether a request, by its path, is about a study of somebody else. */
export async function startLiar(target: string, isOthers: (path: string) => boolean): Promise<WebLiar> {
  const proxy = await startOddPacsProxy(target, () => 0);
  const lies = new Lies();
  let hanging: { readonly uid: string; readonly until: Promise<void> } | null = null;
  proxy.oddities.answer = async (request) => {
    const { method, path } = request;
    // Otherwise it would keep all bodies.
    proxy.requests.length = 0;
    const lie = isOthers(path) ? null : lies.answerFor(serviceOf(request));
    if (hanging !== null && method === 'GET' && path.includes(hanging.uid)) {
      const { until } = hanging;
      hanging = null;
      await until;
    }
    if (lie !== null) return { status: 200, type: lie.type, body: lie.bytes };
    return path === TOKEN_PATH ? TOKEN : null;
  };
  return {
    ...{ url: proxy.url, types: TYPES, kindsOf, limit: ANSWER_BYTES, lies },
    hangOn(uid) {
      const held = Promise.withResolvers<void>();
      hanging = { uid, until: held.promise };
      return held.resolve;
    },
    stop: () => proxy.stop(),
  };
}
