/** A reader of entropy-coded bits. After the end it returns zeros, and `isBeyondEnd` says whether one was used. */
export abstract class EntropyBits {
  readonly bytes: Uint8Array;
  /** The position of the next byte. */
  at: number;
  /** The next bits: the first one is the highest bit, and the unused low bits are zero. */
  cache = 0;
  /** How many bits `cache` holds: 25 or more after `fill`. */
  held = 0;
  /** How many of the held bits, counted from the last, are zeros added after the end. */
  protected invented = 0;

  constructor(bytes: Uint8Array, offset: number) {
    this.bytes = bytes;
    this.at = offset;
  }

  get isBeyondEnd(): boolean {
    return this.invented > this.held;
  }

  /** Reads `count` bits, 0 to 24, as a number. */
  read(count: number): number {
    if (count === 0) return 0;
    if (this.held < count) this.fill();
    const value = this.cache >>> (32 - count);
    this.cache <<= count;
    this.held -= count;
    return value;
  }

  /** Fills `cache` with as many bits as fit. */
  abstract fill(): void;
}

/**
 * The bits of JPEG-LS (ISO/IEC 14495-1 §A.1). After a byte of ones, a zero bit is stuffing and means nothing; a one bit
 * begins a marker, which is the end.
 */
export class BitReader extends EntropyBits {
  /** Writes back the local variables of a loop. */
  hold(at: number, cache: number, held: number): void {
    this.at = at;
    this.cache = cache;
    this.held = held;
  }

  /**
   * Counts the zeros before the next one and reads them with that one. After `most` zeros it stops, and reads nothing
   * more.
   */
  readZeros(most: number): number {
    let zeros = 0;
    for (;;) {
      if (this.held < 25) this.fill();
      const next = Math.clz32(this.cache);
      if (zeros + Math.min(next, this.held) >= most) {
        this.skip(most - zeros);
        return most;
      }
      if (next < this.held) {
        this.skip(next + 1);
        return zeros + next;
      }
      zeros += this.held;
      this.skip(this.held);
    }
  }

  private skip(count: number): void {
    this.cache = count < 32 ? this.cache << count : 0;
    this.held -= count;
  }

  fill(): void {
    while (this.held <= 24) {
      const isStuffed = this.bytes[this.at - 1] === 0xff;
      const byte = this.bytes[this.at];
      if (
        byte === undefined ||
        (isStuffed && byte >= 0x80) ||
        (byte === 0xff && this.bytes[this.at + 1]! >= 0x80)
      ) {
        this.held += 8;
        this.invented += 8;
      } else {
        const width = isStuffed ? 7 : 8;
        this.cache |= byte << (32 - width - this.held);
        this.held += width;
        this.at += 1;
      }
    }
  }
}
