/** A picture of a chosen image as it would be sent. */
import { useMemo } from 'preact/hooks';
import { boxesOn } from '#shared/dicom/boxes.ts';
import type { FramePicture } from '#shared/pixels/thumbnail.ts';
import { useIngest } from '../found/ingest-context.ts';
import { blackenBoxes } from './blacken-boxes.ts';

type Place = { readonly ordinal: number; readonly frame: number };

/** With what a person covered in black, unless the policy keeps names and so sends it uncovered. */
export function useAsSent<Of extends FramePicture>(
  picture: Of | null | undefined,
  { ordinal, frame }: Place,
): Of | null | undefined {
  const { released, policy } = useIngest();
  const boxes = policy.value?.deidentify === true ? released.value.get(ordinal) : undefined;
  return useMemo(
    () => picture && blackenBoxes(picture, boxesOn(boxes ?? [], frame)),
    [picture, boxes, frame],
  );
}
