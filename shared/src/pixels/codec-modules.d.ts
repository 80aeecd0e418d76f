/**
 * The package has no types that fit. `locateFile`: where the `.wasm` lies; without it, beside the script
 * (Node).
 */
declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  const createModule: (
    options?: import('./codecs.ts').ModuleOptions,
  ) => Promise<{ J2KDecoder: new () => import('./codecs.ts').WaveletDecoder }>;
  export default createModule;
}

/** Vite: the address of the file in what was built. */
declare module '@cornerstonejs/codec-openjpeg/decodewasm?url' {
  const url: string;
  export default url;
}
