/** The package does not ship types. */
declare module '@cornerstonejs/codec-charls/wasmjs' {
  /** `locateFile`: returns the address of the `.wasm`; without it, the file is expected beside the script (Node). */
  const createModule: (options?: {
    locateFile?: (name: string) => string;
  }) => Promise<import('./charls.ts').CharlsModule>;
  export default createModule;
}

/** Vite: the address of the file in the build output. */
declare module '@cornerstonejs/codec-charls/wasm?url' {
  const url: string;
  export default url;
}
