/**
 * How a device behaves towards a gateway, as far as the gateway can see it: it waits as long as it is asked
 * to, asks where a request without an answer got to before it sends a byte again, and has completion
 * confirmed for all that it sent. Throws an Error where it does not.
 */
import { createHash } from 'node:crypto';

export type Conduct = {
  /**
   * A page was opened, or a person wants it now: what was asked to wait comes at once, and nothing is known
   * of what was under way.
   */
  forgive(): void;
  asked(path: string, init: RequestInit, at: number): void;
  /** What reached the device; null: nothing did. */
  heard(path: string, init: RequestInit, response: Response | null, at: number): Promise<void>;
  /** The gateway, asked after the last byte of the upload had left, missed nothing. */
  isCompleted(uploadId: string): boolean;
};

/** `uploadOf`: the upload of the parcel at this address. */
export function createConduct(uploadOf: (path: string) => string | undefined): Conduct {
  const waits = new Map<string, number>();
  const unanswered = new Set<string>();
  const lastBody = new Map<string, number>();
  const underWay = new Map<RequestInit, number>();
  const completed = new Map<string, { readonly nth: number; readonly missing: number }>();
  let count = 0;

  function metadataOf(init: RequestInit, name: string): string | undefined {
    const pair = (new Headers(init.headers).get('upload-metadata') ?? '')
      .split(',')
      .find((one) => one.startsWith(`${name} `));
    return pair && Buffer.from(pair.split(' ')[1] ?? '', 'base64').toString();
  }
  /**
   * One parcel, or the announcement of one study: what has a back-off of its own. null: what is asked by the
   * clock.
   */
  function subjectOf(path: string, init: RequestInit): string | null {
    if (path === '/upload/files') return `parcel ${metadataOf(init, 'parcel')}`;
    if (path.startsWith('/upload/files/')) return path;
    return path === '/upload/init'
      ? `init ${typeof init.body === 'string' ? createHash('sha256').update(init.body).digest('hex') : ''}`
      : null;
  }
  const bytesOf = ({ body }: RequestInit): number => (body instanceof Uint8Array ? body.length : 0);

  function checkSum(init: RequestInit): void {
    const said = new Headers(init.headers).get('upload-checksum');
    if (said === null || !(init.body instanceof Uint8Array)) return;
    const [algorithm = '', sum] = said.split(' ');
    if (createHash(algorithm).update(init.body).digest('base64') !== sum)
      throw new Error('a checksum is that of the piece');
  }

  return {
    forgive() {
      waits.clear();
      unanswered.clear();
    },
    asked(path, init, at) {
      underWay.set(init, (count += 1));
      const subject = subjectOf(path, init);
      if (subject !== null && (waits.get(subject) ?? 0) > at)
        throw new Error('what Retry-After asks for is waited for');
      if (!path.startsWith('/upload/files') || bytesOf(init) === 0) return;
      checkSum(init);
      if (unanswered.has(subject!))
        throw new Error(
          'after a request without an answer it is asked what arrived, before a byte is sent again',
        );
      const uploadId = metadataOf(init, 'upload') ?? uploadOf(path);
      if (uploadId !== undefined) lastBody.set(uploadId, count);
    },
    async heard(path, init, response, at) {
      const subject = subjectOf(path, init);
      // What the device itself ended it begins anew, knowing nothing.
      if (subject !== null && response === null && bytesOf(init) > 0 && !init.signal?.aborted)
        unanswered.add(subject);
      if (subject !== null && response !== null) unanswered.delete(subject);
      const seconds = Number(response?.headers.get('retry-after') ?? 0);
      if (subject !== null && seconds > 0) waits.set(subject, at + seconds * 1000);
      if (
        !path.endsWith('/complete') ||
        !response?.headers.get('content-type')?.startsWith('application/json')
      )
        return;
      const { uploadId, missing } = (await response.clone().json()) as {
        uploadId: string;
        missing: unknown[];
      };
      completed.set(uploadId, { nth: underWay.get(init)!, missing: missing.length });
    },
    isCompleted(uploadId) {
      const last = completed.get(uploadId);
      return last !== undefined && last.missing === 0 && last.nth > (lastBody.get(uploadId) ?? 0);
    },
  };
}
