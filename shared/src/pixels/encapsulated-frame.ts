/** Reads the codestream of one frame out of encapsulated Pixel Data (PS3.5 §A.4). */
import type { ByteSource, ParsedInstance } from '../dicom/data-set.ts';
import { concatBytes } from '../dicom/encode.ts';
import { frameStarts } from '../dicom/frame-starts.ts';
import type { FrameShape } from './frame-shape.ts';
import { FRAME_BYTES_LIMIT, type PictureRefusal } from './picture.ts';

/** The codestream of the frame, joined from its fragments. */
export async function encapsulatedFrame(
  { elements }: Pick<ParsedInstance, 'elements'>,
  source: ByteSource,
  { element, frames }: Pick<FrameShape, 'element' | 'frames'>,
  frame: number,
): Promise<Uint8Array | { readonly because: PictureRefusal }> {
  const [table, ...fragments] = element.fragments ?? [];
  if (!table || fragments.length === 0) return { because: 'image-without-pixels' };
  const starts = frames === 1 ? [0] : await frameStarts(elements, source, { table, fragments }, frames);
  if (starts === null) return { because: 'image-damaged' };
  const wanted = fragments.slice(starts[frame], starts[frame + 1] ?? fragments.length);
  const bytes = wanted.reduce((sum, { length }) => sum + length, 0);
  if (bytes > FRAME_BYTES_LIMIT) return { because: 'image-too-large' };
  const parts = await Promise.all(wanted.map(({ offset, length }) => source.read(offset, length)));
  const joined = parts.length === 1 ? parts[0]! : concatBytes(parts);
  return joined.length < bytes || bytes === 0 ? { because: 'image-damaged' } : joined;
}
