/** The codec for Node: the gateway and tests. The module finds its `.wasm` beside itself. */
/// <reference path="./codec-modules.d.ts" />
import { createWaveletCodec, SILENT, type Codecs } from './codecs.ts';

/** Costs nothing until something is decoded. One a thread is enough. */
export function loadCodecs(): Codecs {
  return {
    jpeg2000: createWaveletCodec(async () => {
      const { default: createModule } = await import('@cornerstonejs/codec-openjpeg/decodewasmjs');
      return (await createModule({ ...SILENT })).J2KDecoder;
    }),
  };
}
