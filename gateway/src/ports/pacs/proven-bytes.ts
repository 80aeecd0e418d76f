/**
 * The bytes of an instance on their way to a PACS, hashed as they go. The last piece is given only when the
 * digest is the one that was promised: whoever reads them never has the whole of anything else, however it
 * is framed.
 */
import { createHash } from 'node:crypto';
import { DigestMismatch, InstanceUnreadable, type InstanceToStore } from './pacs.ts';

/** Throws InstanceUnreadable, where `open` fails too, and the signal's reason. */
export async function* provenBytes(
  { sopInstanceUID, digest, bytes, open, sent }: InstanceToStore,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  const md5 = sent === undefined ? null : createHash('md5');
  let count = 0;
  let last: Uint8Array | null = null;
  try {
    for await (const piece of open(signal)) {
      if (last !== null) yield last;
      hash.update(piece);
      md5?.update(piece);
      count += piece.length;
      if (count > bytes) throw new DigestMismatch(`more than ${bytes} bytes`);
      last = piece;
    }
    if (count !== bytes) throw new DigestMismatch(`${count} bytes instead of ${bytes}`);
    if (hash.digest('hex') !== digest) throw new DigestMismatch('other bytes than promised');
  } catch (error) {
    signal.throwIfAborted();
    throw new InstanceUnreadable(sopInstanceUID, error);
  }
  if (md5 !== null) sent?.(md5.digest('hex'));
  if (last !== null) yield last;
}
