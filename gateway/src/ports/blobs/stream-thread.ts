/**
 * Reads ranges of blobs in a thread of its own. To read, prove, decipher and hash the bytes takes as long as to send
 * them, and the main thread sends a piece while the next one is made.
 */
import type { ByteRange } from '#shared/dicom/data-set.ts';
import { givenPieces } from '../../threads/given-pieces.ts';
import { giving, keepThread } from '../../threads/thread.ts';
import type { Digests, WantedDigests } from '../digests.ts';
import { BlobDamaged, type BlobKey } from './blobs.ts';
import type { BlobFile } from './read-records.ts';

/** `descriptor`: of its cipher text, open until the stream has ended or was given up. */
type StreamedBlob = { readonly file: BlobFile; readonly descriptor: number; readonly key: BlobKey };

export type StreamTalk = {
  /** `md5`: null where no digests are wanted. */
  readonly task: StreamedBlob & { readonly range: ByteRange; readonly md5: boolean | null };
  /** A piece; with the last one the digests of all, where they are wanted. */
  readonly question: { readonly bytes: Uint8Array<ArrayBuffer>; readonly digests: Digests | null };
  readonly reply: null;
  /** The place at which the blob is damaged; null: all was given. */
  readonly answer: number | null;
};

export type StreamBlob = (
  blob: StreamedBlob,
  asked: { readonly range: ByteRange; readonly wanted: WantedDigests | undefined },
  signal: AbortSignal,
) => AsyncGenerator<Uint8Array>;

/** The thread starts with the first stream. */
export function createStreamThread(): StreamBlob {
  const thread = keepThread<StreamTalk>(new URL('./stream.worker.ts', import.meta.url));
  return async function* (blob, { range, wanted }, signal) {
    const task = giving({ ...blob, range, md5: wanted?.md5 ?? null });
    const damagedAt = yield* givenPieces<Uint8Array, number | null>(
      (give, until) =>
        thread.do(
          task,
          async ({ bytes, digests }) => {
            if (digests !== null) wanted?.tell(digests);
            await give(bytes);
            return giving(null);
          },
          until,
        ),
      signal,
    );
    if (damagedAt !== null) throw new BlobDamaged(blob.file.id, damagedAt);
  };
}
