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
  /** The content types of its lies, and how many of their bodies each service gets: all, or every nth in its turn. */
  readonly types: readonly (readonly [type: string, every: number])[];
  readonly kindsOf: (place: Place) => readonly Kind[];
  /** Of the largest lie, in bytes. */
  readonly limit: number;
  /** The services that were asked since they were last taken out. */
  takeAsked(): readonly string[];
  /** Null: it is honest again. */
  arm(service: string | null, body?: Body): void;
  /** How often it was asked, and has lied. */
  readonly asks: number;
  readonly lies: number;
  stop(): Promise<void>;
};
export type WebLiar = Liar & {
  /** The next search for this study hangs until the returned function is called. */
  hangOn(studyInstanceUID: string): () => void;
};

/** Destinations answer in JSON and XML; the others come from a server that stands before them. */
const TYPES = [
  ['application/dicom+json', 1],
  ['application/dicom+xml', 1],
  ['text/html', 4],
  ['multipart/related; type="application/dicom"', 4],
  ['application/dicom', 4],
] as const;
/** The gateway reads at most 32 MiB of an answer as text. */
const ANSWER_BYTES = 32 * 1024 ** 2;

const UID = /\/\d+(?:\.\d+)+(?=\/|$)/g;
const serviceOf = ({ method, path }: KeptRequest): string =>
  `${method} ${path.replace(/\?.*/, '').replace(UID, '/{uid}')}`;

/** Of the authorization server that stands before the further destination (RFC 6749 §5.1): each is good for one use. */
export const TOKEN_PATH = '/token';
const TOKEN: OddAnswer = {
  ...{ status: 200, type: 'application/json' },
  body: JSON.stringify({ access_token: 'a', token_type: 'Bearer', expires_in: 1 }),
};

/** `isOthers`: whether a request, by its path, is about a study of somebody else. */
export async function startLiar(target: string, isOthers: (path: string) => boolean): Promise<WebLiar> {
  const proxy = await startOddPacsProxy(target, () => 0);
  const asked = new Set<string>();
  let armed: { readonly service: string; readonly answer: OddAnswer } | null = null;
  let hanging: { readonly uid: string; readonly until: Promise<void> } | null = null;
  let asks = 0;
  let lies = 0;
  proxy.oddities.answer = async (request) => {
    const { method, path } = request;
    // It would keep all bodies.
    proxy.requests.length = 0;
    asks += 1;
    if (!isOthers(path)) asked.add(serviceOf(request));
    if (hanging !== null && method === 'GET' && path.includes(hanging.uid)) {
      const { until } = hanging;
      hanging = null;
      await until;
    }
    if (armed !== null && serviceOf(request) === armed.service && !isOthers(path)) {
      lies += 1;
      return armed.answer;
    }
    return path === TOKEN_PATH ? TOKEN : null;
  };
  return {
    ...{ url: proxy.url, types: TYPES, kindsOf, limit: ANSWER_BYTES },
    get asks() {
      return asks;
    },
    get lies() {
      return lies;
    },
    takeAsked() {
      const all = [...asked];
      asked.clear();
      return all;
    },
    arm(service, body) {
      armed =
        service === null || body === undefined
          ? null
          : { service, answer: { status: 200, type: body.type, body: body.bytes } };
    },
    hangOn(uid) {
      const held = Promise.withResolvers<void>();
      hanging = { uid, until: held.promise };
      return held.resolve;
    },
    stop: () => proxy.stop(),
  };
}
