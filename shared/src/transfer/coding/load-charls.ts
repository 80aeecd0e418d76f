/** CharLS for Node: the gateway and the command line. The module finds its `.wasm` beside itself. */
/// <reference path="./codec-charls.d.ts" />
import { createCharls, type Charls } from './charls.ts';

/** One instance per thread: a module takes 50 MiB of memory. */
let charls: Charls | null = null;

/** Loads nothing until the first image is coded. */
export async function loadCharls(): Promise<Charls> {
  charls ??= createCharls(async () => {
    const { default: createModule } = await import('@cornerstonejs/codec-charls/wasmjs');
    return createModule();
  });
  return charls;
}
