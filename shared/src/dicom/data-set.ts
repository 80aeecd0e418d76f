/**
 * The structure of a parsed Data Set: a tree of elements with their positions in the bytes. Values are not decoded,
 * and long ones are not even read: pixel data is a byte range. `part10.ts` reads Data Sets, `deid/` changes them.
 */
import type { ReasonCode, WarningCode } from '../protocol/reasons.ts';
import type {
  SOPClassUID,
  SOPInstanceUID,
  SeriesInstanceUID,
  StudyInstanceUID,
  TransferSyntaxUID,
} from './uid.ts';

/** A run of bytes in the source. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** Random access to the bytes of one file. `read` may return fewer bytes than asked for only at the end. */
export interface ByteSource {
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array>;
  /** A caller that reads a lot calls this for each piece that it no longer needs. Absent: the pieces share memory. */
  giveBack?(piece: Uint8Array): void;
}

/** How the Data Set is encoded (PS3.5 §10, Annex A). */
export interface Encoding {
  readonly explicitVR: boolean;
  readonly bigEndian: boolean;
  readonly deflated: boolean;
  /** Pixel Data is encapsulated in fragments (PS3.5 §A.4). */
  readonly encapsulated: boolean;
}

/**
 * A Data Element. All offsets count from the first byte of the file, or of the inflated Data Set if
 * `encoding.deflated`.
 */
export interface DicomElement {
  /** 0xggggeeee as an unsigned number. */
  readonly tag: number;
  /** Two letters, as encoded. Under implicit VR, the dictionary's VR (PS3.6), or 'UN' for an unknown tag. */
  readonly vr: string;
  /** First byte of the tag. */
  readonly offset: number;
  readonly valueOffset: number;
  /** Bytes of the value, without delimiters. */
  readonly valueLength: number;
  /** First byte after the element, including the Sequence Delimitation Item. */
  readonly endOffset: number;
  readonly undefinedLength: boolean;
  /** The value as encoded; null if it is longer than the parser keeps, or if there are items or fragments. */
  readonly bytes: Uint8Array | null;
  /**
   * Items of a Sequence. Also the items of a UN of undefined length, or of a UN that is a Sequence according to the
   * dictionary: the content of both is implicit VR little endian (PS3.5 §6.2.2 notes 2 and 4).
   */
  readonly items: readonly DicomItem[] | null;
  /** The values of the fragments of encapsulated Pixel Data, without headers. The first is the Basic Offset Table. */
  readonly fragments: readonly ByteRange[] | null;
}

export interface DicomItem {
  readonly offset: number;
  readonly valueOffset: number;
  readonly valueLength: number;
  readonly endOffset: number;
  readonly undefinedLength: boolean;
  /** The encoding of this item's elements. It differs from the Data Set's inside a UN of undefined length. */
  readonly encoding: Encoding;
  readonly elements: readonly DicomElement[];
}

/** The UIDs that every instance has, validated and branded. */
export interface InstanceIdentifiers {
  readonly studyInstanceUID: StudyInstanceUID;
  readonly seriesInstanceUID: SeriesInstanceUID;
  readonly sopInstanceUID: SOPInstanceUID;
  readonly sopClassUID: SOPClassUID;
}

/** An instance that was read whole and can be stored. */
export interface ParsedInstance {
  readonly identifiers: InstanceIdentifiers;
  readonly transferSyntaxUID: TransferSyntaxUID;
  readonly encoding: Encoding;
  /**
   * Specific Character Set (0008,0005) of the Data Set as written, trimmed; empty: the default repertoire.
   */
  readonly characterSets: readonly string[];
  readonly hasPreamble: boolean;
  /**
   * File Meta Information; null if it is missing or names no transfer syntax. Then one must be written
   * (`missingFileMeta`).
   */
  readonly meta: readonly DicomElement[] | null;
  /** First byte of the Data Set in the file; of the deflated bytes if it is deflated. */
  readonly dataSetOffset: number;
  /** The source that the offsets of `elements` refer to: the file itself, or the inflated Data Set. */
  readonly dataSet: ByteSource;
  readonly elements: readonly DicomElement[];
  /**
   * First byte after the last element in `dataSet` (Data Set Trailing Padding counts as an element). Only zero bytes
   * may follow.
   */
  readonly dataSetEnd: number;
  readonly warnings: readonly WarningCode[];
}

/** The position of a finding in a file. It contains no value of the data. */
export interface Place {
  /** `gggg,eeee` in hexadecimal. */
  readonly tag: string;
  readonly offset: number;
}

export type ReadOutcome =
  | { readonly kind: 'ready'; readonly instance: ParsedInstance }
  | { readonly kind: 'refused'; readonly because: ReasonCode; readonly where?: Place };
