/**
 * The bytes of an instance on their way to a PACS. The last piece is given only when the digest of all of them is the
 * one that was promised: whoever reads them never has the whole of anything else, however it is framed.
 */
import type { Digests } from '../digests.ts';
import { DigestMismatch, InstanceUnreadable, type InstanceToStore } from './pacs.ts';

/** Throws InstanceUnreadable, where `open` fails too, and the signal's reason. */
export async function* provenBytes(
  { sopInstanceUID, digest, bytes, open, sent }: InstanceToStore,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let count = 0;
  const told: Digests[] = [];
  try {
    const wanted = { md5: sent !== undefined, tell: (digests: Digests) => void told.push(digests) };
    for await (const piece of open(signal, wanted)) {
      count += piece.length;
      if (count > bytes) throw new DigestMismatch(`more than ${bytes} bytes`);
      if (count === bytes) {
        if (told[0]?.sha256 !== digest) throw new DigestMismatch('other bytes than promised');
        if (told[0].md5 !== null) sent?.(told[0].md5);
      }
      yield piece;
    }
    if (count !== bytes) throw new DigestMismatch(`${count} bytes instead of ${bytes}`);
  } catch (error) {
    signal.throwIfAborted();
    throw new InstanceUnreadable(sopInstanceUID, error);
  }
}
