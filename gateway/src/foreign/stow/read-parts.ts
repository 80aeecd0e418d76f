/**
 * Finds the parts of a `multipart/related` body of STOW-RS (PS3.18 §10.5) and their positions, because clients need
 * not state the length of a part. The bytes of instances are not kept here.
 */
import { createHash, type Hash } from 'node:crypto';
import type { BodyPart } from '../../pipeline/stores/sent-file.store.ts';
import { contentTypeIn, PartsError, PartSplitter, type PartEvent } from '../../threads/split-parts.ts';

/** The most parts in a body, the same as entries in an archive. A body with more is refused. */
export const PARTS_LIMIT = 20_000;
/** The longest head of a part; those of dcm4che take about 150 bytes. */
const BOUNDS = { head: 8 * 1024 };

/** PS3.18 §10.5.1: each part has the media type of the request; some clients omit it. */
const isInstance = (contentType: string): boolean =>
  contentType === '' || /^application\/(dicom|octet-stream)\s*(;|$)/i.test(contentType);

export class PartFinder {
  readonly #splitter: PartSplitter;
  readonly #parts: BodyPart[] = [];
  /** The part that is arriving, or arrived last. */
  #open = { offset: 0, length: 0, isInstance: false, hash: null as Hash | null };
  readonly #makesDigests: boolean;

  /** `boundary`: 1 to 70 characters. `makesDigests`: computes the digest of each instance as it passes. */
  constructor(boundary: string, makesDigests = false) {
    this.#splitter = new PartSplitter(boundary, BOUNDS);
    this.#makesDigests = makesDigests;
  }

  /** The caller may reuse the piece afterwards. Throws PartsError. */
  add(piece: Uint8Array): void {
    for (const event of this.#splitter.add(piece)) this.#take(event);
  }

  /** Call this when the whole body has arrived. Throws PartsError. */
  end(): readonly BodyPart[] {
    this.#splitter.end();
    return this.#parts;
  }

  #take(event: PartEvent): void {
    if (event === 'end') {
      const { offset, length, isInstance: is, hash } = this.#open;
      this.#parts.push(hash === null ? [offset, length, is] : [offset, length, is, hash.digest('hex')]);
    } else if (event instanceof Uint8Array) {
      this.#open.hash?.update(event);
      this.#open.length += event.length;
    } else {
      if (this.#parts.length === PARTS_LIMIT) throw new PartsError('too many parts', true);
      const is = isInstance(contentTypeIn(event.head) ?? '');
      const hash = is && this.#makesDigests ? createHash('sha256') : null;
      this.#open = { offset: event.at, length: 0, isInstance: is, hash };
    }
  }
}
