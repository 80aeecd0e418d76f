/**
 * Writes Data Elements into segments: bytes of its own, and ranges of the source for long values, which are
 * never brought into memory. Sequences of defined length get the length of their written content. Knows nothing
 * of rules.
 */
import type { ByteRange, Encoding } from '../dicom/data-set.ts';
import {
  ITEM,
  ITEM_DELIMITATION,
  SEQUENCE_DELIMITATION,
  UNDEFINED_LENGTH,
  isLongForm,
} from '../dicom/element-header.ts';

/** A piece of an instance: bytes, or a range of the source that it was read from. */
export type Segment = Uint8Array | ByteRange;

/** Enough for the header of a CT slice; the buffer doubles when it is full. */
const FIRST_BYTES = 16 * 1024;

/** Passed from `open` to `close`. */
export interface OpenLength {
  /** The position of the length in the buffer; -1 if it is undefined. */
  readonly at: number;
  readonly from: number;
}

export class DataSetWriter {
  #buffer = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#buffer.buffer);
  #used = 0;
  /** Bytes of the ranges so far. */
  #outside = 0;
  /** A range stands before the byte of the buffer at `at`. */
  readonly #ranges: { readonly at: number; readonly range: ByteRange }[] = [];
  #bigEndian = false;

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(this.#buffer.length * 2, this.#used + bytes));
    larger.set(this.#buffer.subarray(0, this.#used));
    this.#buffer = larger;
    this.#view = new DataView(larger.buffer);
  }

  #uint16(value: number): void {
    this.#view.setUint16(this.#used, value, !this.#bigEndian);
    this.#used += 2;
  }

  #uint32(value: number): void {
    this.#view.setUint32(this.#used, value, !this.#bigEndian);
    this.#used += 4;
  }

  /** PS3.5 §7.1: tag, VR where explicit, length. */
  #header(tag: number, givenVR: string, length: number, encoding: Encoding): void {
    this.#reserve(12);
    this.#bigEndian = encoding.bigEndian;
    this.#uint16(tag >>> 16);
    this.#uint16(tag & 0xffff);
    if (!encoding.explicitVR || givenVR === '') {
      this.#uint32(length);
      return;
    }
    // PS3.5 §6.2.2: a value that a short length cannot hold is written as UN.
    const vr = length > 0xffff && !isLongForm(givenVR) ? 'UN' : givenVR;
    this.#buffer[this.#used] = vr.charCodeAt(0);
    this.#buffer[this.#used + 1] = vr.charCodeAt(1);
    this.#used += 2;
    if (!isLongForm(vr)) {
      this.#uint16(length);
      return;
    }
    this.#uint16(0);
    this.#uint32(length);
  }

  value(tag: number, vr: string, bytes: Uint8Array, encoding: Encoding): void {
    this.#header(tag, vr, bytes.length, encoding);
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** An element of defined length whose value, as encoded, is a range of the source. */
  range(tag: number, vr: string, range: ByteRange, encoding: Encoding): void {
    this.#header(tag, vr, range.length, encoding);
    this.#copy(range);
  }

  /** An element of undefined length; `range` includes its delimiter, if it has one. */
  rangeOfUndefinedLength(tag: number, vr: string, range: ByteRange, encoding: Encoding): void {
    this.#header(tag, vr, UNDEFINED_LENGTH, encoding);
    this.#copy(range);
  }

  #copy(range: ByteRange): void {
    if (range.length === 0) return;
    this.#ranges.push({ at: this.#used, range });
    this.#outside += range.length;
  }

  /** Begins a Sequence (`tag`, `vr`) or, with `ITEM` and '', an Item. */
  open(tag: number, vr: string, undefinedLength: boolean, encoding: Encoding): OpenLength {
    // `close` writes a defined length in its place.
    this.#header(tag, vr, UNDEFINED_LENGTH, encoding);
    return { at: undefinedLength ? -1 : this.#used - 4, from: this.#used + this.#outside };
  }

  close(open: OpenLength, tag: number, encoding: Encoding): void {
    if (open.at < 0) this.delimit(tag === ITEM ? ITEM_DELIMITATION : SEQUENCE_DELIMITATION, encoding);
    else this.#view.setUint32(open.at, this.#used + this.#outside - open.from, !encoding.bigEndian);
  }

  delimit(delimitation: number, encoding: Encoding): void {
    this.#header(delimitation, '', 0, encoding);
  }

  finish(): Segment[] {
    const segments: Segment[] = [];
    let from = 0;
    for (const { at, range } of this.#ranges) {
      if (at > from) segments.push(this.#buffer.subarray(from, at));
      segments.push(range);
      from = at;
    }
    if (this.#used > from) segments.push(this.#buffer.subarray(from, this.#used));
    return segments;
  }
}
