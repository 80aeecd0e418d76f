/**
 * Loads the codec in a browser's workers. The script is a separate chunk and the `.wasm` a file; both are fetched when
 * the first JPEG 2000 image is decoded. Import this file only in code that Vite builds.
 */
/// <reference path="./codec-modules.d.ts" />
import { createWaveletCodec, SILENT, type Codecs } from './codecs.ts';

/** Fetches nothing until something is decoded. One instance per worker is enough. */
export function loadCodecs(): Codecs {
  return {
    jpeg2000: createWaveletCodec(async () => {
      const [{ default: createModule }, { default: url }] = await Promise.all([
        import('@cornerstonejs/codec-openjpeg/decodewasmjs'),
        import('@cornerstonejs/codec-openjpeg/decodewasm?url'),
      ]);
      return (await createModule({ ...SILENT, locateFile: () => url })).J2KDecoder;
    }),
  };
}
