/**
 * The parts of a `multipart/related` body of STOW-RS (PS3.18 §10.5), found by their delimiters (RFC 2046 §5.1.1) as it
 * streams in: clients need not say how long a part is. No byte of an instance is kept here.
 */
import { createHash, type Hash } from 'node:crypto';
import type { BodyPart } from '../pipeline/sent-file.store.ts';

/** Parts in a body, as many as entries in an archive. A body that has more is not taken. */
export const PARTS_LIMIT = 20_000;
/** The headers of a part end within this many bytes; dcm4che's take about 150. */
const HEADER_LIMIT = 8 * 1024;
/** Between a boundary and its line end RFC 2046 allows white space. */
const PADDING_LIMIT = 256;

const CRLF = '\r\n';

/** The body is not what its Content-Type says. */
export class PartsError extends Error {}

/** PS3.18 §10.5.1: each part has the media type of the request; some clients leave it out. */
const isInstance = (contentType: string): boolean =>
  contentType === '' || /^application\/(dicom|octet-stream)\s*(;|$)/i.test(contentType);

type Place = 'content' | 'boundary' | 'headers' | 'over';

export class PartFinder {
  readonly #delimiter: Buffer;
  readonly #parts: BodyPart[] = [];
  /** Bytes that came and were not looked through to their end. The line break before the body makes its first
   * delimiter like all others. */
  #held: Buffer = Buffer.from(CRLF);
  /** Where they begin in the body. */
  #at = -CRLF.length;
  #place: Place = 'content';
  /** The part that is coming; before the first delimiter none is. */
  #open: { readonly offset: number; readonly isInstance: boolean; readonly hash: Hash | null } | null = null;
  readonly #makesDigests: boolean;

  /** `boundary`: 1 to 70 characters. `makesDigests`: of each instance, as it passes. */
  constructor(boundary: string, makesDigests = false) {
    this.#delimiter = Buffer.from(`${CRLF}--${boundary}`);
    this.#makesDigests = makesDigests;
  }

  /** The piece is its giver's again. Throws PartsError. */
  add(piece: Uint8Array): void {
    if (this.#place === 'over') return;
    const came = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    // Bytes of an instance that begin no delimiter are passed over where they are.
    if (this.#place === 'content' && !this.#isAcross(came)) this.#pass(this.#held.length);
    this.#held = this.#held.length === 0 ? came : Buffer.concat([this.#held, came]);
    while (this.#step());
    this.#held = Buffer.from(this.#held);
  }

  /** The whole body has come. Throws PartsError. */
  end(): readonly BodyPart[] {
    if (this.#place !== 'over') throw new PartsError('the body ends before its last boundary');
    return this.#parts;
  }

  /** Whether there may be another one in what is held. */
  #step(): boolean {
    switch (this.#place) {
      case 'content':
        return this.#findDelimiter();
      case 'boundary':
        return this.#endBoundary();
      case 'headers':
        return this.#readHeaders();
      case 'over':
        return false;
      default:
        return this.#place satisfies never;
    }
  }

  /** Whether a delimiter begins in what is held, of which there is less than one, and ends in what came. */
  #isAcross(came: Buffer): boolean {
    // The body comes in pieces shorter than a delimiter.
    if (came.length < this.#delimiter.length) return true;
    const border = Buffer.concat([this.#held, came.subarray(0, this.#delimiter.length - 1)]);
    return border.includes(this.#delimiter);
  }

  #pass(bytes: number): void {
    if (this.#place === 'content') this.#open?.hash?.update(this.#held.subarray(0, bytes));
    this.#held = this.#held.subarray(bytes);
    this.#at += bytes;
  }

  #findDelimiter(): boolean {
    const found = this.#held.indexOf(this.#delimiter);
    if (found < 0) {
      // The delimiter's beginning may be the end of what is held.
      this.#pass(Math.max(0, this.#held.length - this.#delimiter.length + 1));
      return false;
    }
    this.#pass(found);
    if (this.#open !== null) {
      const { offset, isInstance: is, hash } = this.#open;
      const length = this.#at - offset;
      this.#parts.push(hash === null ? [offset, length, is] : [offset, length, is, hash.digest('hex')]);
    }
    this.#open = null;
    this.#pass(this.#delimiter.length);
    this.#place = 'boundary';
    return true;
  }

  #endBoundary(): boolean {
    const head = this.#held.subarray(0, PADDING_LIMIT).toString('latin1');
    if (head.startsWith('--')) {
      this.#pass(this.#held.length);
      this.#place = 'over';
      return false;
    }
    const line = head.indexOf(CRLF);
    if (line < 0 && head.length < PADDING_LIMIT) return false;
    if (line < 0 || head.slice(0, line).trim() !== '') throw new PartsError('no line end after a boundary');
    if (this.#parts.length === PARTS_LIMIT) throw new PartsError('too many parts');
    this.#pass(line + CRLF.length);
    this.#place = 'headers';
    return true;
  }

  #readHeaders(): boolean {
    const head = this.#held.subarray(0, HEADER_LIMIT);
    if (head.length < CRLF.length) return false;
    const hasNone = head.indexOf(CRLF) === 0;
    const length = hasNone ? 0 : head.indexOf(CRLF + CRLF);
    if (length < 0 && head.length < HEADER_LIMIT) return false;
    if (length < 0) throw new PartsError('the headers of a part have no end');
    const text = head.subarray(0, length).toString('latin1');
    const contentType = /^content-type:[ \t]*([^\r\n]*)/im.exec(text)?.[1] ?? '';
    this.#pass(length + CRLF.length * (hasNone ? 1 : 2));
    const is = isInstance(contentType.trim());
    const hash = is && this.#makesDigests ? createHash('sha256') : null;
    this.#open = { offset: this.#at, isInstance: is, hash };
    this.#place = 'content';
    return true;
  }
}
