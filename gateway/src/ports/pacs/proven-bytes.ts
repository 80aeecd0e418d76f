/**
 * The bytes of an instance on their way to a PACS, hashed as they are sent. The last piece is given out only if the
 * digest is the promised one. So a receiver never gets all bytes of anything else, however they are framed.
 */
import { createHash } from 'node:crypto';
import { DigestMismatch, InstanceUnreadable, type InstanceToStore } from './pacs.ts';

/** Throws InstanceUnreadable, also where `open` fails, and the signal's reason. */
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
