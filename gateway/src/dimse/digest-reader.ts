/**
 * The canonical digest of a Data Set as its transfer syntax encodes it; a deflated Data Set is inflated as it arrives.
 */
import { createInflateRaw } from 'node:zlib';
import { INFLATED_BYTES_LIMIT } from '#shared/dicom/limits.ts';
import { encodingOf } from '#shared/dicom/registry.ts';
import {
  createCanonicalReader,
  type CanonicalOutcome,
  type CanonicalReader,
  type CanonicalRefusal,
} from './canonical-data-set.ts';

type DigestReader = {
  take(piece: Uint8Array): Promise<void>;
  /** Call this when there are no more pieces. */
  end(): Promise<CanonicalOutcome>;
};

export function createDigestReader(transferSyntaxUID: string): DigestReader {
  const encoding = encodingOf(transferSyntaxUID);
  if (encoding === null) return refusing('not-parseable');
  const reader = createCanonicalReader(encoding);
  if (encoding.deflated) return inflating(reader);
  return { take: async (piece) => reader.take(piece), end: async () => reader.end() };
}

const refusing = (because: CanonicalRefusal): DigestReader => ({
  take: async () => {},
  end: async () => ({ kind: 'refused', because }),
});

/** PS3.5 §A.5. A padding byte may follow the deflated bytes, so nothing after their end is read. */
function inflating(reader: CanonicalReader): DigestReader {
  const inflater = createInflateRaw();
  let bytes = 0;
  let isOver = false;
  const ended = new Promise<boolean>((resolve) => {
    const over = (isWhole: boolean) => () => {
      isOver = true;
      resolve(isWhole);
    };
    inflater.on('end', over(true)).on('error', over(false)).on('close', over(false));
  });
  inflater.on('data', (piece: Buffer) => {
    bytes += piece.length;
    if (bytes <= INFLATED_BYTES_LIMIT) reader.take(piece);
    else inflater.destroy();
  });
  return {
    // A write after the end never completes.
    take: async (piece) => {
      if (!isOver) await Promise.race([ended, new Promise((resolve) => inflater.write(piece, resolve))]);
    },
    end: async () => {
      if (!isOver) inflater.end();
      return (await ended) ? reader.end() : { kind: 'refused', because: 'not-inflatable' };
    },
  };
}
