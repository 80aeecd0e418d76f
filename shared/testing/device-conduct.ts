/**
 * A device's conduct towards a gateway, as far as the gateway can see it: the device waits as long as it is
 * asked to, asks how far an unanswered request came before it sends a byte again, and has completion confirmed
 * for everything it sent. Throws an Error where it does not.
 */
import { createHash } from 'node:crypto';
import { sha256 } from './sha256.ts';

export interface Conduct {
  /**
   * A page was opened, or a person wants it now: requests that were asked to wait come at once, and nothing is
   * known of those under way.
   */
  forgive(): void;
  asked(path: string, init: RequestInit, at: number): void;
  /** `response`: the answer that reached the device; null: none did. */
  heard(path: string, init: RequestInit, response: Response | null, at: number): Promise<void>;
  /** The gateway, asked after the last byte of the upload had left, missed nothing. */
  isCompleted(uploadId: string): boolean;
}

interface Observed {
  /** The upload of the parcel at this address. */
  readonly uploadOf: (path: string) => string | undefined;
  /** Until when a subject was asked to wait. */
  readonly waits: Map<string, number>;
  readonly unanswered: Set<string>;
  /** The request, by its number, in which bytes of an upload last left. */
  readonly lastBody: Map<string, number>;
  readonly underWay: Map<RequestInit, number>;
  readonly completed: Map<string, { readonly nth: number; readonly missing: number }>;
  count: number;
}

export function createConduct(uploadOf: (path: string) => string | undefined): Conduct {
  const observed: Observed = {
    uploadOf,
    waits: new Map(),
    unanswered: new Set(),
    lastBody: new Map(),
    underWay: new Map(),
    completed: new Map(),
    count: 0,
  };
  return {
    forgive() {
      observed.waits.clear();
      observed.unanswered.clear();
    },
    asked: (path, init, at) => checkRequest(observed, path, init, at),
    async heard(path, init, response, at) {
      noteAnswer(observed, subjectOf(path, init), { init, response, at });
      if (path.endsWith('/complete') && response !== null) await noteCompletion(observed, init, response);
    },
    isCompleted(uploadId) {
      const last = observed.completed.get(uploadId);
      return last !== undefined && last.missing === 0 && last.nth > (observed.lastBody.get(uploadId) ?? 0);
    },
  };
}

function checkRequest(observed: Observed, path: string, init: RequestInit, at: number): void {
  observed.count += 1;
  observed.underWay.set(init, observed.count);
  const subject = subjectOf(path, init);
  if (subject !== null && (observed.waits.get(subject) ?? 0) > at)
    throw new Error('a device waits as long as Retry-After asks');
  if (!path.startsWith('/upload/files') || bytesOf(init) === 0) return;
  checkSum(init);
  if (observed.unanswered.has(subject!))
    throw new Error('after an unanswered request the device asks what arrived before it sends a byte again');
  const uploadId = metadataOf(init, 'upload') ?? observed.uploadOf(path);
  if (uploadId !== undefined) observed.lastBody.set(uploadId, observed.count);
}

function checkSum(init: RequestInit): void {
  const said = new Headers(init.headers).get('upload-checksum');
  if (said === null || !(init.body instanceof Uint8Array)) return;
  const [algorithm = '', sum] = said.split(' ');
  if (createHash(algorithm).update(init.body).digest('base64') !== sum)
    throw new Error('a checksum is that of the piece');
}

interface Heard {
  readonly init: RequestInit;
  readonly response: Response | null;
  readonly at: number;
}

function noteAnswer(
  { waits, unanswered }: Observed,
  subject: string | null,
  { init, response, at }: Heard,
): void {
  if (subject === null) return;
  if (response !== null) unanswered.delete(subject);
  // A request that the device itself ended starts from the beginning, without any knowledge.
  else if (bytesOf(init) > 0 && !init.signal?.aborted) unanswered.add(subject);
  const seconds = Number(response?.headers.get('retry-after') ?? 0);
  if (seconds > 0) waits.set(subject, at + seconds * 1000);
}

async function noteCompletion(
  { completed, underWay }: Observed,
  init: RequestInit,
  response: Response,
): Promise<void> {
  if (!response.headers.get('content-type')?.startsWith('application/json')) return;
  const { uploadId, missing } = (await response.clone().json()) as { uploadId: string; missing: unknown[] };
  completed.set(uploadId, { nth: underWay.get(init)!, missing: missing.length });
}

/**
 * The parcel, or the announcement of a study, that a request is about: each has a back-off of its own. null: requests
 * that are made by the clock.
 */
function subjectOf(path: string, init: RequestInit): string | null {
  if (path === '/upload/files') return `parcel ${metadataOf(init, 'parcel')}`;
  if (path.startsWith('/upload/files/')) return path;
  if (path !== '/upload/init') return null;
  const manifest = typeof init.body === 'string' ? init.body : null;
  return `init ${manifest === null ? '' : sha256(Buffer.from(manifest))}`;
}

function metadataOf(init: RequestInit, name: string): string | undefined {
  const pair = (new Headers(init.headers).get('upload-metadata') ?? '')
    .split(',')
    .find((one) => one.startsWith(`${name} `));
  return pair && Buffer.from(pair.split(' ')[1] ?? '', 'base64').toString();
}

function bytesOf({ body }: RequestInit): number {
  return body instanceof Uint8Array ? body.length : 0;
}
