/** Files that the builder copies as they are, named by their contents. */
declare module '*.onnx?url' {
  const url: string;
  export default url;
}
declare module '*.wasm?url' {
  const url: string;
  export default url;
}
