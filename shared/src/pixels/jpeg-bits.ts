/**
 * Reads bits and Huffman codes of JPEG's entropy-coded segments (ITU-T T.81 Annex C, F.2.2). A byte FFH followed by
 * 00H is a data byte; followed by any other byte it begins a marker, which ends the segment.
 */
import { EntropyBits } from '../transfer/coding/bit-reader.ts';

/** Codes of up to this many bits are looked up in one step. */
const QUICK_BITS = 9;

export interface HuffmanTable {
  /** Indexed by the next QUICK_BITS bits: code length × 256 + symbol; 0 for a longer code. */
  readonly quick: Uint16Array;
  /**
   * By code length: the largest code, −1 if there is none; and the number to add to a code to get the index of its
   * symbol.
   */
  readonly largest: Int32Array;
  readonly shift: Int32Array;
  readonly symbols: Uint8Array;
}

/**
 * `counts`: the number of codes of each length from 1 to 16 bits. Null if there are more codes than possible, or
 * symbols are missing.
 */
export function createHuffmanTable(counts: Uint8Array, symbols: Uint8Array): HuffmanTable | null {
  const quick = new Uint16Array(1 << QUICK_BITS);
  const largest = new Int32Array(17).fill(-1);
  const shift = new Int32Array(17);
  let code = 0;
  let which = 0;
  if (counts.length !== 16) return null;
  for (let length = 1; length <= 16; length += 1, code <<= 1) {
    const count = counts[length - 1]!;
    shift[length] = which - code;
    if (code + count > 1 << length) return null;
    for (let i = 0; i < count; i += 1, code += 1, which += 1) {
      const first = code << (QUICK_BITS - length);
      if (length <= QUICK_BITS)
        quick.fill((length << 8) | symbols[which]!, first, first + (1 << (QUICK_BITS - length)));
    }
    if (count > 0) largest[length] = code - 1;
  }
  return which === symbols.length ? { quick, largest, shift, symbols: symbols.slice() } : null;
}

export class JpegBits extends EntropyBits {
  /** An invalid code was read. */
  private isLost = false;

  get isDamaged(): boolean {
    return this.isLost || this.isBeyondEnd;
  }

  /** §F.2.2.3 */
  symbol({ quick, largest, shift, symbols }: HuffmanTable): number {
    if (this.held < 16) this.fill();
    const entry = quick[this.cache >>> (32 - QUICK_BITS)]!;
    if (entry !== 0) {
      this.cache <<= entry >> 8;
      this.held -= entry >> 8;
      return entry & 255;
    }
    for (let length = QUICK_BITS + 1; length <= 16; length += 1) {
      const code = this.cache >>> (32 - length);
      if (code > largest[length]!) continue;
      this.cache <<= length;
      this.held -= length;
      return symbols[code + shift[length]!]!;
    }
    this.isLost = true;
    return 0;
  }

  /** §F.2.2.1: a number of `count` bits. The lower half of the values stands for negative numbers. */
  signed(count: number): number {
    const value = this.read(count);
    return count > 0 && value < 1 << (count - 1) ? value - (1 << count) + 1 : value;
  }

  /** §E.2.4: the rest of a byte is skipped, and a restart marker must follow. */
  restart(which: number): boolean {
    this.cache = 0;
    this.held = 0;
    this.invented = 0;
    while (this.bytes[this.at] === 0xff && this.bytes[this.at + 1] === 0xff) this.at += 1;
    if (this.bytes[this.at] !== 0xff || this.bytes[this.at + 1] !== 0xd0 + (which & 7)) return false;
    this.at += 2;
    return true;
  }

  /** Position of the marker after the segment; the end of the bytes if there is none. */
  end(): number {
    let { at } = this;
    const { bytes } = this;
    while (at < bytes.length && !(bytes[at] === 0xff && bytes[at + 1] !== 0 && bytes[at + 1] !== undefined))
      at += 1;
    return at;
  }

  fill(): void {
    while (this.held <= 24) {
      const byte = this.bytes[this.at];
      const isStuffed = byte === 0xff && this.bytes[this.at + 1] === 0;
      if (byte === undefined || (byte === 0xff && !isStuffed)) {
        this.invented += 8;
      } else {
        this.cache |= byte << (24 - this.held);
        this.at += isStuffed ? 2 : 1;
      }
      this.held += 8;
    }
  }
}
