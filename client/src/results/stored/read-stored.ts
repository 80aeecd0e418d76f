/**
 * Reads a result instance from the bytes that the PACS returned: a report as a tree, a segmentation as pictures,
 * anything else as its picture. Runs in a worker. Patient and study are read from the instance and stay in the memory
 * of the page that shows them.
 */
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { readReport, type StructuredReport } from '#shared/dicom/content-tree.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import {
  MANUFACTURER,
  PATIENT_ID,
  PATIENT_NAME,
  SERIES_DESCRIPTION,
  STUDY_DATE,
} from '#shared/dicom/tags.ts';
import { findElement, textOf } from '#shared/dicom/values.ts';
import type { Codecs } from '#shared/pixels/codecs.ts';
import { readSegmentation, type Segmentation } from '#shared/pixels/segmentation.ts';
import { thumbnail, type Thumbnail } from '#shared/pixels/thumbnail.ts';
import { mayHoldName } from '#shared/deid/undeclared-text.ts';
import { sha256OfBytes } from '#shared/transfer/digest.ts';

/** Values as written in the header; '' if missing. */
export interface StoredHead {
  readonly sopInstanceUID: string;
  /** A PN. */
  readonly patientName: string;
  readonly patientId: string;
  /** Patient Identity Removed is YES. */
  readonly isDeidentified: boolean;
  /** A DA, as is `contentDate`; `contentTime` is a TM. */
  readonly studyDate: string;
  readonly contentDate: string;
  readonly contentTime: string;
  readonly seriesDescription: string;
  /** Manufacturer, model name and version. */
  readonly equipment: readonly string[];
}

type StoredContent =
  | { readonly kind: 'report'; readonly report: StructuredReport }
  | { readonly kind: 'segmentation'; readonly segmentation: Segmentation }
  | { readonly kind: 'picture'; readonly picture: Thumbnail; readonly mayHoldName: boolean };

export type Stored =
  | {
      readonly kind: 'read';
      readonly head: StoredHead;
      readonly content: StoredContent;
      readonly digest: string;
    }
  /** The bytes are not an instance, or not one that can be shown here; `code` says which. */
  | { readonly kind: 'unreadable'; readonly because: string };

/** The gateway's heat maps are no larger; a larger map is scaled down. */
const SHOWN_SIDE = 1024;

/** Throws if a codec cannot be loaded. */
export async function readStored(bytes: Uint8Array<ArrayBuffer>, codecs: Codecs): Promise<Stored> {
  const [read, digest] = await Promise.all([
    readInstance(bytesSource(bytes), undefined, 'replaced'),
    sha256OfBytes(bytes),
  ]);
  if (read.kind === 'refused') return { kind: 'unreadable', because: read.because };
  const { instance } = read;
  const said = (tag: number): string => textOf(findElement(instance.elements, tag), instance) ?? '';
  const head: StoredHead = {
    sopInstanceUID: instance.identifiers.sopInstanceUID,
    patientName: said(PATIENT_NAME),
    patientId: said(PATIENT_ID),
    isDeidentified: said(0x00120062) === 'YES',
    studyDate: said(STUDY_DATE),
    contentDate: said(0x00080023),
    contentTime: said(0x00080033),
    seriesDescription: said(SERIES_DESCRIPTION),
    equipment: [MANUFACTURER, 0x00081090, 0x00181020].map(said).filter((text) => text !== ''),
  };
  const report = readReport(instance);
  if (report !== null) return { kind: 'read', head, digest, content: { kind: 'report', report } };
  if (findElement(instance.elements, 0x00620002) !== null) {
    const outcome = await readSegmentation(instance, SHOWN_SIDE, codecs);
    return outcome.kind === 'refused'
      ? { kind: 'unreadable', because: outcome.because }
      : { kind: 'read', head, digest, content: outcome };
  }
  const picture = await thumbnail(instance, instance.dataSet, { maxSide: SHOWN_SIDE }, { codecs });
  return typeof picture === 'string'
    ? { kind: 'unreadable', because: picture }
    : {
        kind: 'read',
        head,
        digest,
        content: { kind: 'picture', picture, mayHoldName: mayHoldName(instance) },
      };
}
