/** Reads numbers and texts from bytes of a peer. Every length is checked against the remaining bytes before use. */
import { violated } from './association-failed.ts';

export class BoundedReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** A view of the next `count` bytes. */
  take(count: number): Buffer {
    if (count > this.left) throw violated('a length that leads beyond its end');
    const taken = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += count;
    return taken;
  }

  uint8(): number {
    return this.take(1).readUInt8();
  }

  uint16(): number {
    return this.take(2).readUInt16BE();
  }

  uint32(): number {
    return this.take(4).readUInt32BE();
  }

  /** PS3.8 Annex F: UIDs have no padding, but some peers pad them all the same. */
  uid(length: number): string {
    return trimmed(this.take(length));
  }
}

const isPadding = (byte: number | undefined): boolean => byte === 0 || byte === 0x20;

/**
 * A text without the padding around it. The padding may be as long as the peer likes, so it is removed from the bytes:
 * a part of a string would keep the whole string in memory.
 */
export function trimmed(bytes: Buffer): string {
  let start = 0;
  let end = bytes.length;
  while (start < end && isPadding(bytes[start])) start++;
  while (end > start && isPadding(bytes[end - 1])) end--;
  return bytes.toString('latin1', start, end);
}
