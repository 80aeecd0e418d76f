/**
 * The bytes of an instance that goes into a parcel. A small instance, such as a slice of half a megabyte, is held in
 * memory: a browser takes a millisecond to make a Blob and another to read it, which for thousands of instances is most
 * of the work. A large instance stays where it is, and a Blob refers to it.
 */
export type InstanceBytes = Blob | Uint8Array<ArrayBuffer>;

/** Up to this size, an instance is read once and held in memory. */
export const HELD_BYTES = 4 * 1024 * 1024;

export function sizeOf(bytes: InstanceBytes): number {
  return bytes instanceof Blob ? bytes.size : bytes.length;
}

export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
