/**
 * The form of a parsed Data Set: a tree of elements that remember their place in the bytes. Values are not
 * decoded here and long ones are not even read: pixel data is a byte range. `part10.ts` reads it, `deid/`
 * changes it.
 */
import type { ReasonCode, WarningCode } from '../protocol/reasons.ts';
import type {
  SOPClassUID,
  SOPInstanceUID,
  SeriesInstanceUID,
  StudyInstanceUID,
  TransferSyntaxUID,
} from './uid.ts';

/** A run of bytes in the source, both in bytes. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** Random access to the bytes of one file. `read` may return fewer bytes than asked for only at the end. */
export interface ByteSource {
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Called by a reader of much for each piece that it needs no more; absent: they share their memory. */
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
 * A Data Element. All offsets count from the first byte of the file, or of the inflated Data Set where
 * `encoding.deflated`.
 */
export interface DicomElement {
  /** 0xggggeeee as an unsigned number. */
  readonly tag: number;
  /** Two letters: as encoded; under implicit VR the dictionary's (PS3.6); 'UN' when that does not know it. */
  readonly vr: string;
  /** First byte of the tag. */
  readonly offset: number;
  readonly valueOffset: number;
  /** Bytes of the value, delimiters not counted. */
  readonly valueLength: number;
  /** First byte after the element, Sequence Delimitation Item included. */
  readonly endOffset: number;
  readonly undefinedLength: boolean;
  /**
   * The value as encoded; null where it was longer than the parser keeps, or where there are items or
   * fragments.
   */
  readonly bytes: Uint8Array | null;
  /**
   * Items of a Sequence. Also of a UN of undefined length, and of a UN that the dictionary knows as a
   * Sequence: both are implicit VR little endian inside (PS3.5 §6.2.2 notes 2 and 4).
   */
  readonly items: readonly DicomItem[] | null;
  /** Fragments of encapsulated Pixel Data, values only; the first is the Basic Offset Table. */
  readonly fragments: readonly ByteRange[] | null;
}

export interface DicomItem {
  readonly offset: number;
  readonly valueOffset: number;
  readonly valueLength: number;
  readonly endOffset: number;
  readonly undefinedLength: boolean;
  /** How this item's elements are encoded: differs from the Data Set's inside a UN of undefined length. */
  readonly encoding: Encoding;
  readonly elements: readonly DicomElement[];
}

/** The UIDs that every instance on the road has; checked and branded. */
export interface InstanceIdentifiers {
  readonly studyInstanceUID: StudyInstanceUID;
  readonly seriesInstanceUID: SeriesInstanceUID;
  readonly sopInstanceUID: SOPInstanceUID;
  readonly sopClassUID: SOPClassUID;
}

/** A File Meta element and Data Set that were read whole and found to be an instance that can be stored. */
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
   * File Meta Information; null where it is missing or names no transfer syntax: then one must be written
   * (`missingFileMeta`).
   */
  readonly meta: readonly DicomElement[] | null;
  /** First byte of the Data Set in the file (of the deflated bytes, where deflated). */
  readonly dataSetOffset: number;
  /** The source that the offsets of `elements` refer to: the file itself, or the inflated Data Set. */
  readonly dataSet: ByteSource;
  readonly elements: readonly DicomElement[];
  /**
   * First byte after the last element (Data Set Trailing Padding is one) in `dataSet`; only zero bytes may
   * follow.
   */
  readonly dataSetEnd: number;
  readonly warnings: readonly WarningCode[];
}

/** Where in a file something was found. Holds no value of the data. */
export interface Place {
  /** `gggg,eeee` in hexadecimal. */
  readonly tag: string;
  readonly offset: number;
}

export type ReadOutcome =
  | { readonly kind: 'ready'; readonly instance: ParsedInstance }
  | { readonly kind: 'refused'; readonly because: ReasonCode; readonly where?: Place };
