/** Loads the codec in Node, for the gateway and tests. The module finds its `.wasm` in its own folder. */
/// <reference path="./codec-modules.d.ts" />
import { createWaveletCodec, SILENT, type Codecs } from './codecs.ts';

/** Costs nothing until something is decoded. One instance per thread is enough. */
export function loadCodecs(): Codecs {
  return {
    jpeg2000: createWaveletCodec(async () => {
      const { default: createModule } = await import('@cornerstonejs/codec-openjpeg/decodewasmjs');
      return (await createModule({ ...SILENT })).J2KDecoder;
    }),
  };
}
