/**
 * The preview of an image in a list: a thumbnail, and the patient as the PACS has it. The worker thread for images
 * reads it, because the header comes from the sender.
 */
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { BODY_PARTS } from '#shared/dicom/defined-terms.ts';
import { describeInstance } from '#shared/dicom/describe-instance.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { findElement, textOf } from '#shared/dicom/values.ts';
import type { ResultPreview } from '#shared/protocol/inference.ts';
import { showImage, type SeeingTools } from './examination.ts';

/** The longer side of a thumbnail, in pixels: 64 CSS pixels on a screen with 2.5 device pixels each. */
const THUMBNAIL_SIDE = 160;
/** PS3.15 §E.1.1: YES if the patient's name and ID are pseudonyms. */
const PATIENT_IDENTITY_REMOVED = 0x00120062;

/** `png` null: the image cannot be drawn, or the caller did not ask for it. */
export type Preview = Omit<ResultPreview, 'thumbnail'> & { readonly png: Uint8Array | null };

/** `frame` null: the image is not drawn. */
export async function previewImage(
  bytes: Uint8Array,
  frame: number | null,
  tools: SeeingTools,
  signal: AbortSignal,
): Promise<Preview> {
  const shown =
    frame === null ? null : await showImage(bytes, { frame, limit: THUMBNAIL_SIDE }, tools, signal);
  const { png, mayHoldName } = shown?.kind === 'shown' ? shown : { png: null, mayHoldName: true };
  const read = await readInstance(bytesSource(bytes), signal);
  if (read.kind !== 'ready') return { png, mayHoldName, patient: null, studyDate: null, bodyPart: null };
  const { patientName, patientId, studyDate, bodyPart } = describeInstance(read.instance);
  const removed = textOf(findElement(read.instance.elements, PATIENT_IDENTITY_REMOVED), read.instance);
  return {
    png,
    mayHoldName,
    patient: { name: patientName, id: patientId, isPseudonym: removed === 'YES' },
    studyDate,
    bodyPart: bodyPart !== null && BODY_PARTS.has(bodyPart) ? bodyPart : null,
  };
}
