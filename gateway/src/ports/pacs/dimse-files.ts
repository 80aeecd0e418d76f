/**
 * Part 10 files as DIMSE sees them: only the Data Set travels. What a PACS gives back is the promised file again when
 * the File Meta Information of that one stands before it, so the digest of the file proves the Data Set.
 */
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { encodeFileMeta } from '#shared/dicom/encode.ts';
import { openPart10 } from '#shared/dicom/part10.ts';
import type { SOPClassUID, SOPInstanceUID, TransferSyntaxUID } from '#shared/dicom/uid.ts';
import type { PromisedFile } from './pacs.ts';

/** Preamble and File Meta Information. Those of real files have some hundred bytes; private information may be more. */
const META_BYTES_LIMIT = 256 * 1024;

export type OpenedDataSet = {
  /** The bytes before the Data Set. */
  readonly meta: Uint8Array;
  /** To be read once. */
  readonly dataSet: AsyncIterable<Uint8Array>;
  /** For one that is not read, or not to its end. */
  close(): Promise<void>;
};

/**
 * Takes the Data Set out of a file that streams. Null: the beginning of the file cannot be read, or nothing came.
 * Throws what `pieces` throws.
 */
export async function openDataSet(pieces: AsyncIterable<Uint8Array>): Promise<OpenedDataSet | null> {
  const rest = pieces[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let bytes = 0;
  let isWhole = false;
  while (bytes < META_BYTES_LIMIT && !isWhole) {
    const { done, value } = await rest.next();
    isWhole = done === true;
    if (done === true) break;
    // A piece may be a view of what the next one is read into.
    head.push(value.slice());
    bytes += value.length;
  }
  const begun = Buffer.concat(head);
  const opened = await openPart10(bytesSource(begun), undefined, 'replaced');
  const close = async (): Promise<void> => void (await rest.return?.());
  if (opened.kind === 'refused') {
    await close();
    return null;
  }
  const { dataSetOffset } = opened.beginning;
  const meta = begun.subarray(0, dataSetOffset);
  return { meta, dataSet: continued(begun.subarray(dataSetOffset), rest), close };
}

async function* continued(begun: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield begun;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/** The bytes before the Data Set of the promised file; null where they are not here. */
export async function metaOf(promised: PromisedFile, signal: AbortSignal): Promise<Uint8Array | null> {
  const opened = await openDataSet(promised.open(signal));
  await opened?.close();
  return opened?.meta ?? null;
}

/** A file of ours around a Data Set of the PACS. */
export async function* asFile(
  identity: {
    readonly sopClassUID: string;
    readonly sopInstanceUID: string;
    readonly transferSyntax: string;
  },
  dataSet: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const identifiers = {
    sopClassUID: identity.sopClassUID as SOPClassUID,
    sopInstanceUID: identity.sopInstanceUID as SOPInstanceUID,
  };
  yield encodeFileMeta(identifiers, identity.transferSyntax as TransferSyntaxUID);
  yield* dataSet;
}

export async function* following(
  first: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}
