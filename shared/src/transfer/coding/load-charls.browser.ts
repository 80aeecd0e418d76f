/**
 * CharLS for browser workers. The script is a chunk of its own and the `.wasm` a file; both are fetched when the first
 * image is coded (the service worker keeps them for offline use). Import this file only in code that Vite builds.
 */
/// <reference path="./codec-charls.d.ts" />
import { createCharls, type Charls } from './charls.ts';

/** One instance per worker: a module takes 50 MiB of memory. */
let charls: Charls | null = null;

/** Fetches nothing until the first image is coded. */
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
