/**
 * The codec for the browser, in workers: the script is a chunk of its own and the `.wasm` a file, both
 * fetched when the first JPEG 2000 image is decoded. Import this file only where Vite builds.
 */
/// <reference path="./codec-modules.d.ts" />
import { createWaveletCodec, SILENT, type Codecs } from './codecs.ts';

/** Fetches nothing until something is decoded. One a worker is enough. */
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
