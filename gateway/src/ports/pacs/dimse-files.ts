/**
 * Part 10 files as DIMSE handles them: only the Data Set is sent. Where a PACS returns the same Data Set bytes, the
 * promised file is restored by putting its File Meta Information before them.
 */
import { newHeader, readHeader, UNDEFINED_LENGTH } from '#shared/dicom/element-header.ts';
import { encodeFileMeta } from '#shared/dicom/encode.ts';
import type { SOPClassUID, SOPInstanceUID, TransferSyntaxUID } from '#shared/dicom/uid.ts';
import type { PromisedFile } from './pacs.ts';

/** Preamble and File Meta Information. Real files have some hundred bytes there; private information may be longer. */
const META_BYTES_LIMIT = 256 * 1024;

type OpenedDataSet = {
  /** The bytes before the Data Set. */
  readonly meta: Uint8Array;
  /** Can be read only once. */
  readonly dataSet: AsyncIterable<Uint8Array>;
  /** Call it if the Data Set is not read, or not to its end. */
  close(): Promise<void>;
};

/**
 * Takes the Data Set out of a file that is streamed. Null: the beginning of the file cannot be read, or no bytes came.
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
    // A copy, because a piece may share its memory with the next one.
    head.push(value.slice());
    bytes += value.length;
  }
  const begun = Buffer.concat(head);
  const dataSetOffset = endOfMeta(begun);
  const close = async (): Promise<void> => void (await rest.return?.());
  if (dataSetOffset === null) {
    await close();
    return null;
  }
  const meta = begun.subarray(0, dataSetOffset);
  return { meta, dataSet: continued(begun.subarray(dataSetOffset), rest), close };
}

const PREFIX_END = 132;
const META_GROUP = 2;

/**
 * PS3.10 §7.1: the preamble and its prefix are followed by the elements of group 0002, in Explicit VR Little Endian.
 * Null: they are missing, or do not end within these bytes.
 */
function endOfMeta(begun: Buffer): number | null {
  if (begun.toString('latin1', PREFIX_END - 4, PREFIX_END) !== 'DICM') return null;
  let at = PREFIX_END;
  const header = newHeader();
  while (at + 2 <= begun.length && begun.readUInt16LE(at) === META_GROUP) {
    if (readHeader(header, begun, at, META_ENCODING) !== 'ok' || header.length === UNDEFINED_LENGTH)
      return null;
    at += header.size + header.length;
  }
  return at + 2 <= begun.length ? at : null;
}

const META_ENCODING = { explicitVR: true, bigEndian: false } as const;

async function* continued(begun: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield begun;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/** The bytes before the Data Set in the promised file; null where the file is not here. */
export async function metaOf(promised: PromisedFile, signal: AbortSignal): Promise<Uint8Array | null> {
  const opened = await openDataSet(promised.open(signal));
  await opened?.close();
  return opened?.meta ?? null;
}

/** Makes a file from a Data Set of the PACS, with our own File Meta Information. */
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
