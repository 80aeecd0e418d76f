/**
 * Presents the bytes of one frame, which may lie in several fragments, as one run of bytes with its own positions. It
 * is read through a window, so that small fragments do not cost a read each and a large frame is never held.
 */
import type { ByteRange, ByteSource } from '../../dicom/data-set.ts';
import { PIECE_BYTES } from '../segments.ts';

/** The ranges of a codestream that no image needs, and what the codestream says about its samples. */
export interface FoundInCodestream {
  readonly unseen: readonly ByteRange[];
  /** Bits per sample, as coded. */
  readonly precision: number;
}

/** The most segments. A camera's codestream has twenty; the codestream of a slide has some thousand tiles. */
export const SEGMENTS_LIMIT = 65_536;

/** Reads a window of the source and serves further reads from it as long as they lie inside. */
export function windowed(source: ByteSource): ByteSource {
  let from = 0;
  let held: Uint8Array = new Uint8Array();
  return {
    size: source.size,
    async read(offset, length) {
      // Reading a few bytes further back does not discard the window ahead.
      if (offset < from) return source.read(offset, length);
      if (offset + length > from + held.length) {
        held = await source.read(offset, Math.max(length, PIECE_BYTES));
        from = offset;
      }
      return held.subarray(offset - from, offset - from + length);
    },
  };
}

export class Codestream {
  readonly length: number;
  readonly #fragments: readonly ByteRange[];
  readonly #source: ByteSource;
  /** The end position of each fragment. */
  readonly #ends: readonly number[];
  /** The fragment that was read last. The next read usually needs the same fragment or the following one. */
  #last = 0;

  constructor(fragments: readonly ByteRange[], source: ByteSource) {
    const ends: number[] = [];
    for (const { length } of fragments) ends.push((ends.at(-1) ?? 0) + length);
    this.length = ends.at(-1) ?? 0;
    this.#ends = ends;
    this.#fragments = fragments;
    this.#source = source;
  }

  /** `count` bytes from `at`, fewer only at the end. Meant for headers of a few bytes. */
  async peek(at: number, count: number): Promise<Uint8Array> {
    const first = await this.run(at, count);
    if (first.length >= count || at + first.length >= this.length) return first;
    const bytes = new Uint8Array(Math.min(count, this.length - at));
    bytes.set(first);
    for (let filled = first.length; filled < bytes.length; ) {
      const next = await this.run(at + filled, bytes.length - filled);
      bytes.set(next, filled);
      filled += next.length;
    }
    return bytes;
  }

  /** The contiguous bytes from `at`, at most `most`. At least one, except at the end. */
  async run(at: number, most = PIECE_BYTES): Promise<Uint8Array> {
    if (at >= this.length) return new Uint8Array();
    const which = this.#fragmentAt(at);
    const left = this.#ends[which]! - at;
    const { offset, length } = this.#fragments[which]!;
    const bytes = await this.#source.read(offset + length - left, Math.min(left, most));
    if (bytes.length === 0) throw new RangeError('the source ends inside a fragment');
    return bytes;
  }

  /** The ranges of the source in which a range of the codestream lies. */
  toSource({ offset, length }: ByteRange): ByteRange[] {
    const ranges: ByteRange[] = [];
    for (let at = offset; at < offset + length; ) {
      const which = this.#fragmentAt(at);
      const { offset: start, length: all } = this.#fragments[which]!;
      const end = this.#ends[which]!;
      const to = Math.min(offset + length, end);
      ranges.push({ offset: start + all - (end - at), length: to - at });
      at = to;
    }
    return ranges;
  }

  #fragmentAt(at: number): number {
    if (at < this.#ends[this.#last]! - this.#fragments[this.#last]!.length) this.#last = 0;
    while (this.#ends[this.#last]! <= at) this.#last += 1;
    return this.#last;
  }

  /** Whether all bytes of a range are zero. */
  async isBlank({ offset, length }: ByteRange): Promise<boolean> {
    for (let at = offset; at < offset + length; ) {
      const bytes = await this.run(at, Math.min(PIECE_BYTES, offset + length - at));
      if (bytes.some((byte) => byte !== 0)) return false;
      at += bytes.length;
    }
    return true;
  }
}
