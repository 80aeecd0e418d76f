/**
 * Remembers values that are expensive to compute, within a limit of bytes, because a hostile file may name any number
 * of values of any length. When the memo is full, it forgets everything and starts again.
 *
 * Its entries may identify a patient. They stay in memory only, and no longer than the memo's owner.
 */

/** The memory of an entry in a Map and of the small objects in it, without their texts. */
const ENTRY_BYTES = 100;
/** Bytes of a character outside Latin-1. */
const CHARACTER_BYTES = 2;

/** The memory that an entry with these texts takes. */
export const bytesOfTexts = (...texts: readonly string[]): number =>
  texts.reduce((sum, { length }) => sum + length * CHARACTER_BYTES, ENTRY_BYTES);

export class BoundedMemo<K, V> {
  readonly #values = new Map<K, V>();
  readonly #limitBytes: number;
  readonly #bytesOf: (key: K, value: V) => number;
  #bytes = 0;

  /** `bytesOf` must return the same value for an entry each time. */
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
