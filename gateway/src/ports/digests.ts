/** Digests of bytes that pass in pieces, known before the last piece is given. */
import { createHash } from 'node:crypto';

/** Hexadecimal. `md5`: null where nobody wants it. */
export type Digests = { readonly sha256: string; readonly md5: string | null };

/** `tell` is called once, before the last piece is given. It is not called where the pieces end in an error. */
export type WantedDigests = { readonly md5: boolean; readonly tell: (digests: Digests) => void };

/** The same pieces, hashed where somebody wants digests. None of them may be empty. */
export async function* telling(
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  wanted?: WantedDigests,
): AsyncGenerator<Uint8Array> {
  if (wanted === undefined) return yield* pieces;
  const sha256 = createHash('sha256');
  const md5 = wanted.md5 ? createHash('md5') : null;
  let last: Uint8Array | null = null;
  for await (const piece of pieces) {
    if (last !== null) yield last;
    sha256.update(piece);
    md5?.update(piece);
    last = piece;
  }
  wanted.tell({ sha256: sha256.digest('hex'), md5: md5?.digest('hex') ?? null });
  if (last !== null) yield last;
}
