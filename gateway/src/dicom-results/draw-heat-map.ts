/** Draws the class activation map over its picture, for the Secondary Capture. */
import type { ParsedInstance } from '#shared/dicom/data-set.ts';
import { heatMap, layOver } from '#shared/models/heat-map.ts';
import type { Codecs } from '#shared/pixels/codecs.ts';
import { readInstancePicture } from '#shared/pixels/grey-picture.ts';
import { reducePicture } from '#shared/pixels/reduce-picture.ts';
import type { ColourPicture } from './result-subject.ts';

/** `side` × `side` values over the whole image, rows from the top. */
export type Cam = { readonly data: Float32Array; readonly side: number };

/** The opacity of the map over the image at the map's strongest cell. */
const OPACITY = 0.6;

/** Null: the frame cannot be shown as a picture. */
export async function drawHeatMap(
  source: ParsedInstance,
  frame: number,
  { data, side }: Cam,
  { codecs, signal }: { readonly codecs: Codecs; readonly signal: AbortSignal },
): Promise<ColourPicture | null> {
  const decoded = await readInstancePicture(source, source.dataSet, frame, { codecs, signal });
  if (decoded.kind === 'refused') return null;
  const film = reducePicture(decoded.picture);
  const { rows, columns } = film;
  return {
    rows,
    columns,
    rgb: layOver(film, heatMap(data, side, { width: columns, height: rows }), OPACITY),
  };
}
