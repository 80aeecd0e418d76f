/** The package has no types of its own. */
declare module '@cornerstonejs/codec-charls/wasmjs' {
  /** `locateFile`: where the `.wasm` lies; without it, beside the script (Node). */
  const createModule: (options?: {
    locateFile?: (name: string) => string;
  }) => Promise<import('./charls.ts').CharlsModule>;
  export default createModule;
}

/** Vite: the address of the file in what was built. */
declare module '@cornerstonejs/codec-charls/wasm?url' {
  const url: string;
  export default url;
}
