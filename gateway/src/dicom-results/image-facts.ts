/** The facts about an image that annotations need: its size, its number of frames and its pixel spacing. */
import { itemsOf } from '#shared/dicom/content-tree.ts';
import type { ParsedInstance } from '#shared/dicom/data-set.ts';
import { describeInstance } from '#shared/dicom/describe-instance.ts';
import { PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE } from '#shared/dicom/tags.ts';
import { readSpacing } from '#shared/pixels/frame-spacing.ts';
import type { ImageFacts } from '../reviews/annotation-road.ts';

/** Null: the instance is not an image. */
export function imageFactsOf(instance: ParsedInstance): ImageFacts | null {
  const { rows, columns, frames } = describeInstance(instance);
  if (!rows || !columns) return null;
  const { sopClassUID } = instance.identifiers;
  return { sopClassUID, rows, columns, frames, spacing: spacingOf(instance) };
}

/** The spacing that all frames share; null if a frame has none, or a different one. */
function spacingOf(instance: ParsedInstance): ImageFacts['spacing'] {
  const first = readSpacing(instance, 0);
  if (first === null) return null;
  // Counts the functional groups, because the Number of Frames may contain anything.
  const frames = itemsOf(instance.elements, PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).length;
  for (let frame = 1; frame < frames; frame += 1) {
    const other = readSpacing(instance, frame);
    if (other?.row !== first.row || other.column !== first.column) return null;
  }
  return { down: first.row, across: first.column, isAtDetector: first.at === 'detector' };
}
