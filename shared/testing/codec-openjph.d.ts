/** OpenJPH, the second decoder of HTJ2K that a test compares with. The package has no types that fit. */
declare module '@cornerstonejs/codec-openjph/wasmjs' {
  const createModule: (
    options?: import('#shared/pixels/codecs.ts').ModuleOptions,
  ) => Promise<{ HTJ2KDecoder: new () => import('#shared/pixels/codecs.ts').WaveletDecoder }>;
  export default createModule;
}
