/**
 * The package has no suitable types. `locateFile`: returns the address of the `.wasm`; by default it is beside the
 * script (Node).
 */
declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  const createModule: (
    options?: import('./codecs.ts').ModuleOptions,
  ) => Promise<{ J2KDecoder: new () => import('./codecs.ts').WaveletDecoder }>;
  export default createModule;
}

/** Vite: the address of the file in the build output. */
declare module '@cornerstonejs/codec-openjpeg/decodewasm?url' {
  const url: string;
  export default url;
}
