/**
 * Remembers values that are expensive to make, and never takes more than so many bytes: a hostile file may name any
 * number of values of any length. When it is full it forgets everything and begins again.
 *
 * Its entries may identify a patient. They stay in memory only, and no longer than the memo's owner.
 */

/** The memory of an entry in a Map, and of small objects in it, beside their texts. */
const ENTRY_BYTES = 100;
/** Bytes of a character beyond Latin-1. */
const CHARACTER_BYTES = 2;

/** The memory that these texts take in an entry, and the entry itself. */
export const bytesOfTexts = (...texts: readonly string[]): number =>
  texts.reduce((sum, { length }) => sum + length * CHARACTER_BYTES, ENTRY_BYTES);

export class BoundedMemo<K, V> {
  readonly #values = new Map<K, V>();
  readonly #limitBytes: number;
  readonly #bytesOf: (key: K, value: V) => number;
  #bytes = 0;

  /** `bytesOf` says the same of an entry each time. */
  constructor(limitBytes: number, bytesOf: (key: K, value: V) => number) {
    this.#limitBytes = limitBytes;
    this.#bytesOf = bytesOf;
  }

  get(key: K): V | undefined {
    return this.#values.get(key);
  }

  /** An entry that is larger than the memo is not kept. */
  set(key: K, value: V): void {
    this.delete(key);
    const bytes = this.#bytesOf(key, value);
    if (bytes > this.#limitBytes) return;
    if (this.#bytes + bytes > this.#limitBytes) {
      this.#values.clear();
      this.#bytes = 0;
    }
    this.#values.set(key, value);
    this.#bytes += bytes;
  }

  delete(key: K): void {
    const value = this.#values.get(key);
    if (value === undefined) return;
    this.#values.delete(key);
    this.#bytes -= this.#bytesOf(key, value);
  }
}
