/**
 * The parts of a `multipart/related` body of STOW-RS (PS3.18 §10.5) and where in it they lie: clients need not say how
 * long a part is. No byte of an instance is kept here.
 */
import { createHash, type Hash } from 'node:crypto';
import type { BodyPart } from '../pipeline/sent-file.store.ts';
import { contentTypeIn, PartsError, PartSplitter, type PartEvent } from '../threads/split-parts.ts';

/** Parts in a body, as many as entries in an archive. A body that has more is not taken. */
export const PARTS_LIMIT = 20_000;
/** The head of dcm4che's parts takes about 150. */
const BOUNDS = { head: 8 * 1024 };

/** PS3.18 §10.5.1: each part has the media type of the request; some clients leave it out. */
const isInstance = (contentType: string): boolean =>
  contentType === '' || /^application\/(dicom|octet-stream)\s*(;|$)/i.test(contentType);

export class PartFinder {
  readonly #splitter: PartSplitter;
  readonly #parts: BodyPart[] = [];
  /** The part that is coming, or came last. */
  #open = { offset: 0, length: 0, isInstance: false, hash: null as Hash | null };
  readonly #makesDigests: boolean;

  /** `boundary`: 1 to 70 characters. `makesDigests`: of each instance, as it passes. */
  constructor(boundary: string, makesDigests = false) {
    this.#splitter = new PartSplitter(boundary, BOUNDS);
    this.#makesDigests = makesDigests;
  }

  /** The piece is its giver's again. Throws PartsError. */
  add(piece: Uint8Array): void {
    for (const event of this.#splitter.add(piece)) this.#take(event);
  }

  /** The whole body has come. Throws PartsError. */
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
