/**
 * Opens a Part 10 file: the only way in which bytes become an instance. It also reads real files without a preamble,
 * without File Meta Information or without a transfer syntax (`missingFileMeta` writes the missing part before they
 * are sent).
 *
 * It returns an answer for any bytes, never throws because of them, and never uses more memory than `limits.ts`
 * allows. Pixel data is not read.
 */
import type { ReasonCode, WarningCode } from '../protocol/reasons.ts';
import type { ByteSource, DicomElement, Encoding, ParsedInstance, Place, ReadOutcome } from './data-set.ts';
import { readUint16, readUint32 } from './element-header.ts';
import { encodeFileMeta } from './encode.ts';
import { examineInstance } from './examine-instance.ts';
import { examineCutPixelData } from './examine-pixel-module.ts';
import { foreignReason, isDiscImage, isForbiddenPreamble } from './foreign-file.ts';
import { apparentEncoding } from './guess-encoding.ts';
import { inflateDataSet } from './inflate-data-set.ts';
import { FIRST_READ_BYTES } from './limits.ts';
import {
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  encodingOf,
} from './registry.ts';
import { FILE_META_GROUP_LENGTH, PIXEL_DATA, TRANSFER_SYNTAX_UID } from './tags.ts';
import { isNobodys, isUid, type TransferSyntaxUID } from './uid.ts';
import { findElement, uidText } from './values.ts';
import { walkDataSet } from './walk-data-set.ts';
import type { Unexamined } from './unexamined.ts';
import type { Window } from './walk-state.ts';

export type { ParsedInstance, ReadOutcome } from './data-set.ts';

const PREAMBLE_BYTES = 128;
const META_ENCODING: Encoding = { explicitVR: true, bigEndian: false, deflated: false, encapsulated: false };

/**
 * How to treat a preamble that makes the file a program or document as well. 'checked' refuses it
 * (`forbidden-preamble`), because the bytes are sent as they are; 'replaced' accepts it, because the caller writes a
 * preamble of zeros. The same applies to a File Meta Information length that leads beyond the end.
 */
type PreambleRule = 'checked' | 'replaced';

type Beginning = {
  hasPreamble: boolean;
  meta: readonly DicomElement[] | null;
  transferSyntaxUID: TransferSyntaxUID;
  encoding: Encoding;
  dataSetOffset: number;
  warnings: WarningCode[];
};
type Refused = Extract<ReadOutcome, { kind: 'refused' }>;

/**
 * Reads the instance in `source`: structure (lengths, order, nesting) and meaning (identifiers, pixel module). Rejects
 * only if reading the source does, or with the signal's reason.
 */
export async function readInstance(
  source: ByteSource,
  signal?: AbortSignal,
  preamble: PreambleRule = 'checked',
): Promise<ReadOutcome> {
  const opened = await openPart10(source, signal, preamble);
  if (opened.kind === 'refused') return opened;
  const read = await readDataSet(opened, signal);
  if (read.kind === 'refused') return read.refused;
  return await examineInstance(read.unexamined, signal);
}

/** A file whose beginning was read: its File Meta Information, and the position of its Data Set. */
export interface OpenedFile {
  readonly kind: 'opened';
  readonly source: ByteSource;
  readonly head: Uint8Array;
  readonly beginning: Beginning;
}

/** Reads the file up to the Data Set. Rejects as `readInstance`. */
export async function openPart10(
  source: ByteSource,
  signal: AbortSignal | undefined,
  preamble: PreambleRule,
): Promise<OpenedFile | Refused> {
  if (source.size === 0) return refused('empty-file');
  signal?.throwIfAborted();
  const head = await source.read(0, FIRST_READ_BYTES);
  const beginning = await readBeginning(source, head, preamble, signal);
  return 'kind' in beginning ? beginning : { kind: 'opened', source, head, beginning };
}

type DataSetOutcome =
  | { readonly kind: 'data-set'; readonly unexamined: Unexamined }
  /** `elements`: the top-level elements before the fault. */
  | { readonly kind: 'refused'; readonly refused: Refused; readonly elements: readonly DicomElement[] };

/** Reads the structure of the Data Set without examining its meaning. Rejects as `readInstance`. */
export async function readDataSet(
  { source, head, beginning }: OpenedFile,
  signal?: AbortSignal,
): Promise<DataSetOutcome> {
  let dataSet = source;
  let start = beginning.dataSetOffset;
  let window: Window = { offset: 0, bytes: head };
  if (beginning.encoding.deflated) {
    const inflated = await inflateDataSet(source, start, signal);
    if (inflated.kind === 'refused') return unread(refused(inflated.because));
    dataSet = inflated.dataSet;
    start = 0;
    window = { offset: 0, bytes: new Uint8Array() };
  } else if (isEncodedOtherwise(beginning, head, source.size))
    return unread(refused('transfer-syntax-mismatch'));
  const { encoding } = beginning;
  const walked = await walkDataSet(dataSet, { start, encoding, purpose: 'data-set', head: window }, signal);
  if (walked.kind === 'refused') {
    const { because, where, elements, cutPixelData } = walked;
    const reason = cutPixelData ? examineCutPixelData(elements, encoding, cutPixelData) : because;
    return unread(refused(reason, where), elements);
  }
  const { elements, end: dataSetEnd } = walked;
  const warnings = new Set([...beginning.warnings, ...walked.warnings]);
  // For a private transfer syntax, only the Pixel Data shows whether it is encapsulated.
  const encapsulated = warnings.has('transfer-syntax-unknown')
    ? (findElement(elements, PIXEL_DATA)?.fragments ?? null) !== null
    : encoding.encapsulated;
  return {
    kind: 'data-set',
    unexamined: {
      ...beginning,
      encoding: { ...encoding, encapsulated },
      dataSet,
      elements,
      dataSetEnd,
      warnings,
    },
  };
}

function unread(refused: Refused, elements: readonly DicomElement[] = []): DataSetOutcome {
  return { kind: 'refused', refused, elements };
}

/**
 * Preamble, "DICM" and File Meta Information for an instance that has none, to be written before the byte at
 * `dataSetOffset` of its file; null if the file has its own and is sent as it is.
 */
export function missingFileMeta(instance: ParsedInstance): Uint8Array | null {
  return instance.meta && instance.hasPreamble
    ? null
    : encodeFileMeta(instance.identifiers, instance.transferSyntaxUID);
}

async function readBeginning(
  source: ByteSource,
  head: Uint8Array,
  rule: PreambleRule,
  signal?: AbortSignal,
): Promise<Beginning | Refused> {
  // PS3.10 §7.1: "a 128 byte File Preamble, followed by a 4 byte DICOM prefix", "DICM".
  const hasPreamble =
    readUint32(head, PREAMBLE_BYTES, true) === 0x4449434d && head.length >= PREAMBLE_BYTES + 4;
  const start = hasPreamble ? PREAMBLE_BYTES + 4 : 0;
  const metaForm = fileMetaAt(head, start);
  if (!hasPreamble && metaForm === null) {
    const encoding = apparentEncoding(head, 0, source.size);
    if (encoding) return withoutMeta(encoding, 0, false, []);
    return refused((await isDiscImage(source)) ? 'not-dicom-disc' : foreignReason(head, source.size));
  }
  const warnings: WarningCode[] = [];
  if (hasPreamble && head.subarray(0, PREAMBLE_BYTES).some((byte) => byte !== 0)) {
    if (rule === 'checked' && isForbiddenPreamble(head.subarray(0, PREAMBLE_BYTES)))
      return refused('forbidden-preamble');
    warnings.push('non-zero-preamble');
  }
  const walked = await walkDataSet(
    source,
    {
      start,
      encoding: META_ENCODING,
      purpose: 'file-meta',
      head: { offset: 0, bytes: head },
    },
    signal,
  );
  if (walked.kind === 'refused') return { kind: 'refused', because: walked.because, where: walked.where };
  const saidEnd = endByGroupLength(walked.elements);
  // A reader that believes this length finds no Data Set: Orthanc and other PACSs refuse such a file. The length is
  // harmless if a new header is written.
  if (rule === 'checked' && hasPreamble && saidEnd !== null && saidEnd > source.size)
    return refused('length-beyond-end');
  if (walked.warnings.has('file-meta-twice')) warnings.push('file-meta-twice');
  else if (saidEnd !== walked.end && (saidEnd !== null || walked.elements.length > 0))
    warnings.push('file-meta-length');
  const begun = await chooseEncoding(source, walked.elements, walked.end, { hasPreamble, warnings });
  if ('kind' in begun || metaForm !== 'implicit' || begun.meta === null) return begun;
  // PS3.10 §7.1: "encoded in Explicit VR Little Endian". PACSs refuse implicit VR here, so it is written again.
  return { ...begun, meta: null, warnings: [...warnings, 'file-meta-written'] };
}

async function chooseEncoding(
  source: ByteSource,
  meta: readonly DicomElement[],
  dataSetOffset: number,
  { hasPreamble, warnings }: Pick<Beginning, 'hasPreamble' | 'warnings'>,
): Promise<Beginning | Refused> {
  const transferSyntax = uidText(findElement(meta, TRANSFER_SYNTAX_UID));
  if (!transferSyntax) {
    // The file has only a header, without a single identifier.
    if (dataSetOffset >= source.size) return refused('missing-uid');
    const encoding = apparentEncoding(
      await source.read(dataSetOffset, FIRST_READ_BYTES),
      0,
      source.size - dataSetOffset,
    );
    if (!encoding && meta.length === 0) return refused('not-parseable');
    // PS3.5 §10.1: Implicit VR Little Endian is "the default Transfer Syntax".
    return withoutMeta(
      encoding ?? encodingOf(IMPLICIT_VR_LITTLE_ENDIAN)!,
      dataSetOffset,
      hasPreamble,
      warnings,
    );
  }
  const encoding =
    encodingOf(transferSyntax) ?? (await privateEncoding(source, transferSyntax, dataSetOffset));
  if (!encoding) return refused('transfer-syntax-unknown');
  if (encodingOf(transferSyntax) === null) warnings.push('transfer-syntax-unknown');
  if (!hasPreamble) warnings.push('file-meta-written');
  return {
    hasPreamble,
    meta,
    transferSyntaxUID: transferSyntax as TransferSyntaxUID,
    encoding,
    dataSetOffset,
    warnings,
  };
}

/**
 * PS3.5 §10: private transfer syntaxes may be agreed on, and a PACS keeps them as they are. Null: the headers have
 * none of the standard encodings, so they cannot be read here.
 */
async function privateEncoding(
  source: ByteSource,
  uid: string,
  dataSetOffset: number,
): Promise<Encoding | null> {
  if (!isUid(uid) || isNobodys(uid)) return null;
  const head = await source.read(dataSetOffset, FIRST_READ_BYTES);
  return apparentEncoding(head, 0, source.size - dataSetOffset);
}

function withoutMeta(
  encoding: Encoding,
  dataSetOffset: number,
  hasPreamble: boolean,
  warnings: WarningCode[],
): Beginning {
  const explicitVR = encoding.bigEndian ? EXPLICIT_VR_BIG_ENDIAN : EXPLICIT_VR_LITTLE_ENDIAN;
  const transferSyntaxUID = encoding.explicitVR ? explicitVR : IMPLICIT_VR_LITTLE_ENDIAN;
  return {
    hasPreamble,
    meta: null,
    transferSyntaxUID,
    encoding,
    dataSetOffset,
    warnings: [...warnings, 'file-meta-written'],
  };
}

/**
 * The encoding of (0002,0000), or another element of group 0002, at `at`; null if there is none. Some writers omit
 * only preamble and prefix. Implicit VR is accepted only for (0002,0000), recognised by its length.
 */
function fileMetaAt(head: Uint8Array, at: number): 'explicit' | 'implicit' | null {
  if (head.length <= at + 8 || readUint16(head, at, false) !== 2 || head[at + 3] !== 0) return null;
  if (/^[A-Z]{2}$/.test(String.fromCharCode(head[at + 4]!, head[at + 5]!))) return 'explicit';
  return head[at + 2] === 0 && readUint32(head, at + 4, false) === 4 ? 'implicit' : null;
}

/**
 * PS3.10 §7.1: (0002,0000) is the "number of bytes following this … up to and including the last File Meta
 * Element". Null if it is missing.
 */
function endByGroupLength(meta: readonly DicomElement[]): number | null {
  const length = findElement(meta, FILE_META_GROUP_LENGTH);
  if (!length?.bytes || length.valueLength !== 4) return null;
  return length.endOffset + readUint32(length.bytes, 0, false);
}

/** Whether the first elements fit an encoding other than that of the transfer syntax. */
function isEncodedOtherwise({ encoding, dataSetOffset }: Beginning, head: Uint8Array, size: number): boolean {
  const apparent = apparentEncoding(head, dataSetOffset, size);
  return (
    apparent !== null &&
    (apparent.explicitVR !== encoding.explicitVR || apparent.bigEndian !== encoding.bigEndian)
  );
}

function refused(because: ReasonCode, where?: Place): Refused {
  return where ? { kind: 'refused', because, where } : { kind: 'refused', because };
}
