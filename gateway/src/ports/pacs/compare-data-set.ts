/**
 * Over DIMSE a PACS returns a Data Set, and may have encoded it differently when it stored or sent it. The promised
 * instance counts as stored if it is the same Data Set (canonical-data-set.ts). Both are read in pieces.
 */
import { createHash } from 'node:crypto';
import { createDigestReader } from '../../dimse/digest-reader.ts';
import { openDataSet } from './dimse-files.ts';
import type { PromisedFile, ReadBack } from './pacs.ts';

/**
 * Encoding makes a Data Set at most three times as long: a group length takes 12 bytes, and a group at least 8; a
 * delimiter takes 8, like its Item or Sequence. Trailing padding fills a block of a medium. A PACS that sends more is
 * sending something else.
 */
const GROWTH = 3;
const PADDING_BYTES = 1024 * 1024;

/**
 * `canonical`: null where the bytes cannot be read as a Data Set. `isCut`: more bytes came than the promised instance
 * can have.
 */
export type HeldDataSet = ReadBack & { readonly canonical: string | null; readonly isCut: boolean };

/**
 * `meta`: the bytes before the Data Set in the promised file; they make the digest that file's digest if the bytes are
 * the same.
 */
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

/** Whether the promised file holds the same Data Set. The file is read for this, and must match its digest. */
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
