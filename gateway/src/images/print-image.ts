/**
 * Prepares an image for a report on paper: its picture, what marks on it need, and whether its header says that the
 * pixels may contain text.
 */
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { describeInstance } from '#shared/dicom/describe-instance.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { readSpacing, type Spacing } from '#shared/pixels/frame-spacing.ts';
import { SHOWN_SIDE_LIMIT } from '#shared/pixels/reduce-picture.ts';
import { showImage, type SeeingTools, type Shown } from './examination.ts';

export type PrintedImage =
  | Exclude<Shown, { kind: 'shown' }>
  | {
      readonly kind: 'printed';
      readonly png: Uint8Array<ArrayBuffer>;
      /** The size of the image itself; the picture may be smaller. */
      readonly rows: number;
      readonly columns: number;
      readonly spacing: Spacing | null;
      /**
       * Whether the image may contain a name, by the criteria of policies that remove names. The pixels themselves
       * are not examined.
       */
      readonly mayHoldName: boolean;
    };

/** `frame`: counted from 0. */
export async function printImage(
  bytes: Uint8Array,
  frame: number,
  tools: SeeingTools,
  signal: AbortSignal,
): Promise<PrintedImage> {
  const read = await readInstance(bytesSource(bytes), signal);
  if (read.kind !== 'ready') return { kind: 'refused', because: 'image-damaged' };
  const { rows, columns } = describeInstance(read.instance);
  if (!rows || !columns) return { kind: 'refused', because: 'image-without-pixels' };
  const shown = await showImage(bytes, { frame, limit: SHOWN_SIDE_LIMIT }, tools, signal);
  if (shown.kind !== 'shown') return shown;
  return {
    ...{ kind: 'printed', png: shown.png, rows, columns },
    spacing: readSpacing(read.instance, frame),
    mayHoldName: shown.mayHoldName,
  };
}
