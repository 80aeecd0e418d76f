/** dcmjs comes without types; these are the parts that tests ask as a second reader. */
declare module 'dcmjs' {
  const dcmjs: {
    data: {
      DicomMessage: {
        readFile(
          buffer: ArrayBuffer,
          options?: Record<string, unknown>,
        ): {
          readonly meta: Record<string, unknown>;
          readonly dict: Record<string, unknown>;
          write(options?: Record<string, unknown>): ArrayBuffer;
        };
      };
      DicomMetaDictionary: {
        readonly dictionary: Record<
          string,
          { readonly vr: string; readonly vm: string; readonly name: string } | undefined
        >;
      };
    };
    log: { setLevel(level: string): void };
  };
  export default dcmjs;
}
