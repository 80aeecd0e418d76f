/**
 * Draws the maps that explain a result as pictures to lay over its image. They are transparent where the map has no
 * value.
 */
import { heatMap, lungMap, signedMap, type Rgba, type Size } from '#shared/models/heat-map.ts';
import type { LungMasks } from '#shared/models/lung-fields.ts';
import { encodePng } from './encode-png.ts';

/** `map`: `side` × `side` values that cover the whole image. `size`: the size at which the image is shown. */
export type Explanation = { readonly size: Size } & (
  | { readonly method: 'cam' | 'integrated-gradients'; readonly map: Float32Array; readonly side: number }
  | { readonly method: 'lung-fields'; readonly lungs: LungMasks }
);

export function drawExplanation(explanation: Explanation): Uint8Array<ArrayBuffer> {
  return encodePng({ channels: 4, ...drawn(explanation) });
}

function drawn(explanation: Explanation): Rgba {
  const { method, size } = explanation;
  if (method === 'lung-fields') return lungMap(explanation.lungs, size);
  return (method === 'cam' ? heatMap : signedMap)(explanation.map, explanation.side, size);
}
