/**
 * Over DIMSE a PACS gives back a Data Set, and may have encoded it in another way when it stored it, or when it sends
 * it: the promised instance is there if it is the same Data Set (canonical-data-set.ts). Both are read in pieces.
 */
import { createHash } from 'node:crypto';
import { createDigestReader } from '../../dimse/digest-reader.ts';
import { openDataSet } from './dimse-files.ts';
import type { PromisedFile, ReadBack } from './pacs.ts';

/**
 * The encoding makes a Data Set at most three times as long: a group length takes 12 bytes, and a group at least 8; a
 * delimiter takes 8, as its Item or Sequence does. Trailing padding fills a block of a medium. A PACS that sends more
 * sends something else.
 */
const GROWTH = 3;
const PADDING_BYTES = 1024 * 1024;

/** `canonical`: null where it cannot be read as a Data Set. `isCut`: more came than the promised one can be. */
export type HeldDataSet = ReadBack & { readonly canonical: string | null; readonly isCut: boolean };

/** `meta`: what stands before the Data Set in the promised file, so that the digest is that file's if the bytes are. */
export async function readHeld(
  {
    meta,
    bytes,
    transferSyntaxUID,
  }: {
    readonly meta: Uint8Array;
    readonly bytes: number;
    readonly transferSyntaxUID: string;
  },
  dataSet: AsyncIterable<Uint8Array>,
): Promise<HeldDataSet> {
  const hash = createHash('sha256').update(meta);
  const reader = createDigestReader(transferSyntaxUID);
  let count = meta.length;
  let isCut = false;
  for await (const piece of dataSet) {
    hash.update(piece);
    count += piece.length;
    isCut = count > GROWTH * bytes + PADDING_BYTES;
    if (isCut) break;
    await reader.take(piece);
  }
  const outcome = await reader.end();
  const canonical = outcome.kind === 'digest' && !isCut ? outcome.digest : null;
  return { digest: hash.digest('hex'), bytes: count, canonical, isCut };
}

/** Whether the file, which is read for it, holds the same Data Set, and is the promised one to its last byte. */
export async function isSameDataSet(
  promised: PromisedFile,
  { canonical }: HeldDataSet,
  signal: AbortSignal,
): Promise<boolean> {
  if (canonical === null) return false;
  const hash = createHash('sha256');
  const opened = await openDataSet(hashed(promised.open(signal), hash));
  if (opened === null) return false;
  const reader = createDigestReader(promised.transferSyntaxUID);
  for await (const piece of opened.dataSet) await reader.take(piece);
  const outcome = await reader.end();
  const isPromised = hash.digest('hex') === promised.digest;
  return isPromised && outcome.kind === 'digest' && outcome.digest === canonical;
}

async function* hashed(
  pieces: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}
