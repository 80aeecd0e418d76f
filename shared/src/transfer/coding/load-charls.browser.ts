/**
 * CharLS for the browser, in workers: the script is a chunk of its own and the `.wasm` a file, both fetched
 * when the first image is coded (and kept for offline use by the service worker). Import this file only where
 * Vite builds.
 */
/// <reference path="./codec-charls.d.ts" />
import { createCharls, type Charls } from './charls.ts';

/** The worker's only one: a module holds 50 MiB of memory. */
let charls: Charls | null = null;

/** Fetches nothing until something is coded. */
export async function loadCharls(): Promise<Charls> {
  charls ??= createCharls(async () => {
    const [{ default: createModule }, { default: url }] = await Promise.all([
      import('@cornerstonejs/codec-charls/wasmjs'),
      import('@cornerstonejs/codec-charls/wasm?url'),
    ]);
    return createModule({ locateFile: () => url });
  });
  return charls;
}
