declare module 'snappyjs' {
  /** Throws where the bytes are not Snappy. `maxLength`: refuses to make more. */
  export function uncompress(compressed: Uint8Array, maxLength?: number): Uint8Array;
  export function compress(bytes: Uint8Array): Uint8Array;
}
