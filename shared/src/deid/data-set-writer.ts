/**
 * Writes Data Elements into segments: bytes in a buffer, and the pieces of long values, which are never read into
 * memory. A sequence of defined length gets the length of its written content. The writer knows nothing of the
 * de-identification rules.
 */
import type { Encoding } from '../dicom/data-set.ts';
import {
  ITEM,
  ITEM_DELIMITATION,
  SEQUENCE_DELIMITATION,
  UNDEFINED_LENGTH,
  isLongForm,
} from '../dicom/element-header.ts';
import type { Segment } from './segments.ts';

/** Enough for the header of a CT slice. The buffer doubles when it is full. */
const FIRST_BYTES = 16 * 1024;
/** A buffer larger than this is not reused for the next Data Set. */
const SPARE_BYTES = 1024 * 1024;

/** The buffer of the last finished writer, for the next writer to reuse. Null while a writer is at work. */
let spare: Uint8Array<ArrayBuffer> | null = null;

/** What `open` hands to `close`. */
interface OpenLength {
  /** The position of the length field in the buffer; -1 if the length is undefined. */
  readonly at: number;
  readonly from: number;
}

export class DataSetWriter {
  #buffer: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #used = 0;
  /** Total bytes of the long values written so far. */
  #outside = 0;
  /** Each piece of a long value belongs before the buffer's byte `at`. */
  readonly #pieces: { readonly at: number; readonly piece: Segment }[] = [];
  #bigEndian = false;

  constructor() {
    this.#buffer = spare ?? new Uint8Array(FIRST_BYTES);
    this.#view = new DataView(this.#buffer.buffer);
    spare = null;
  }

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

  /** PS3.5 §7.1: writes tag, VR (under explicit VR) and length. */
  #header(tag: number, givenVR: string, length: number, encoding: Encoding): void {
    this.#reserve(12);
    this.#bigEndian = encoding.bigEndian;
    this.#uint16(tag >>> 16);
    this.#uint16(tag & 0xffff);
    if (!encoding.explicitVR || givenVR === '') {
      this.#uint32(length);
      return;
    }
    // PS3.5 §6.2.2: a value too long for a short length field is written as UN.
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

  /** An element of defined length. The pieces are its encoded value. */
  long(tag: number, vr: string, pieces: readonly Segment[], encoding: Encoding): void {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    this.#header(tag, vr, length, encoding);
    this.#add(pieces);
  }

  /** An element of undefined length; the pieces include its delimiter, if it has one. */
  longOfUndefinedLength(tag: number, vr: string, pieces: readonly Segment[], encoding: Encoding): void {
    this.#header(tag, vr, UNDEFINED_LENGTH, encoding);
    this.#add(pieces);
  }

  #add(pieces: readonly Segment[]): void {
    for (const piece of pieces) {
      if (piece.length === 0) continue;
      this.#pieces.push({ at: this.#used, piece });
      this.#outside += piece.length;
    }
  }

  /** Begins a Sequence (`tag`, `vr`) or, with `ITEM` and '', an Item. */
  open(tag: number, vr: string, undefinedLength: boolean, encoding: Encoding): OpenLength {
    // `close` overwrites this with the defined length.
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

  /** The writer must not be used afterwards. */
  finish(): Segment[] {
    const segments: Segment[] = [];
    const written = this.#buffer.slice(0, this.#used);
    if (this.#buffer.length <= SPARE_BYTES) spare = this.#buffer;
    let from = 0;
    for (const { at, piece } of this.#pieces) {
      if (at > from) segments.push(written.subarray(from, at));
      segments.push(piece);
      from = at;
    }
    if (this.#used > from) segments.push(written.subarray(from, this.#used));
    return segments;
  }
}
