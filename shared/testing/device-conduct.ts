/**
 * Watches the conduct of a device, as far as a gateway can see it: it waits for as long as it is told, asks for
 * the offset after a request without an answer before it sends a byte, and has completion confirmed for
 * everything that it sent. Throws an Error otherwise.
 */
import { createHash } from 'node:crypto';
import { sha256 } from './sha256.ts';

export type Conduct = {
  /**
   * A page was opened, or a person pressed a button: waiting requests come at once, and nothing is known of
   * those that were under way.
   */
  forgive(): void;
  asked(path: string, init: RequestInit, at: number): void;
  /** The answer that reached the device; null: none did. */
  heard(path: string, init: RequestInit, response: Response | null, at: number): Promise<void>;
  /** Whether the gateway, asked after the last byte of the upload had left, missed nothing. */
  isCompleted(uploadId: string): boolean;
};

type Seen = {
  /** Until when each subject is to wait, by Retry-After. */
  readonly waits: Map<string, number>;
  readonly unanswered: Set<string>;
  readonly lastBody: Map<string, number>;
  readonly underWay: Map<RequestInit, number>;
  readonly completed: Map<string, { readonly nth: number; readonly missing: number }>;
  count: number;
};

/** `uploadOf`: the upload of the parcel at this address. */
export function createConduct(uploadOf: (path: string) => string | undefined): Conduct {
  const seen: Seen = {
    waits: new Map(),
    unanswered: new Set(),
    lastBody: new Map(),
    underWay: new Map(),
    completed: new Map(),
    count: 0,
  };
  return {
    forgive() {
      seen.waits.clear();
      seen.unanswered.clear();
    },
    asked(path, init, at) {
      seen.count += 1;
      seen.underWay.set(init, seen.count);
      if (!checkAsked(seen, path, init, at)) return;
      const uploadId = metadataOf(init, 'upload') ?? uploadOf(path);
      if (uploadId !== undefined) seen.lastBody.set(uploadId, seen.count);
    },
    async heard(path, init, response, at) {
      noteAnswer(seen, subjectOf(path, init), { init, response, at });
      const isJson = response?.headers.get('content-type')?.startsWith('application/json');
      if (!path.endsWith('/complete') || !isJson || !response) return;
      const { uploadId, missing } = (await response.clone().json()) as {
        uploadId: string;
        missing: unknown[];
      };
      seen.completed.set(uploadId, { nth: seen.underWay.get(init)!, missing: missing.length });
    },
    isCompleted(uploadId) {
      const last = seen.completed.get(uploadId);
      return last !== undefined && last.missing === 0 && last.nth > (seen.lastBody.get(uploadId) ?? 0);
    },
  };
}

/** Whether the request carries bytes of a parcel. Throws where it comes too early or without a question. */
function checkAsked({ waits, unanswered }: Seen, path: string, init: RequestInit, at: number): boolean {
  const subject = subjectOf(path, init);
  if (subject !== null && (waits.get(subject) ?? 0) > at)
    throw new Error('the device waits for as long as Retry-After says');
  if (!path.startsWith('/upload/files') || bytesOf(init) === 0) return false;
  checkSum(init);
  if (unanswered.has(subject!))
    throw new Error('after a request without an answer the device asks what arrived before it sends a byte');
  return true;
}

function noteAnswer(
  { waits, unanswered }: Seen,
  subject: string | null,
  {
    init,
    response,
    at,
  }: { readonly init: RequestInit; readonly response: Response | null; readonly at: number },
): void {
  if (subject === null) return;
  // The device begins again with a request that it ended itself, knowing nothing.
  if (response === null && bytesOf(init) > 0 && !init.signal?.aborted) unanswered.add(subject);
  if (response !== null) unanswered.delete(subject);
  const seconds = Number(response?.headers.get('retry-after') ?? 0);
  if (seconds > 0) waits.set(subject, at + seconds * 1000);
}

function metadataOf(init: RequestInit, name: string): string | undefined {
  const pair = (new Headers(init.headers).get('upload-metadata') ?? '')
    .split(',')
    .find((one) => one.startsWith(`${name} `));
  return pair && Buffer.from(pair.split(' ')[1] ?? '', 'base64').toString();
}

/** The thing that has a back-off of its own: one parcel, or the announcement of one study. Otherwise null. */
function subjectOf(path: string, init: RequestInit): string | null {
  if (path === '/upload/files') return `parcel ${metadataOf(init, 'parcel')}`;
  if (path.startsWith('/upload/files/')) return path;
  if (path !== '/upload/init') return null;
  return `init ${typeof init.body === 'string' ? sha256(Buffer.from(init.body)) : ''}`;
}

function bytesOf({ body }: RequestInit): number {
  return body instanceof Uint8Array ? body.length : 0;
}

function checkSum(init: RequestInit): void {
  const said = new Headers(init.headers).get('upload-checksum');
  if (said === null || !(init.body instanceof Uint8Array)) return;
  const [algorithm = '', sum] = said.split(' ');
  if (createHash(algorithm).update(init.body).digest('base64') !== sum)
    throw new Error('a checksum is that of the piece');
}
