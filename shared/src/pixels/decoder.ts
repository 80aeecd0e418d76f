/** The interface of a decoder, which turns a codestream into samples. */

/** The size that the codestream must state. It is checked before memory is allocated. */
export interface ExpectedImage {
  readonly rows: number;
  readonly columns: number;
  readonly samples: number;
}

export interface DecodedSamples {
  /** Rows from the top; the samples of a pixel are adjacent. */
  readonly values: Uint8Array | Int8Array | Uint16Array | Int16Array;
  /** Bits per sample, as the codestream states. */
  readonly bits: number;
  readonly isSigned: boolean;
  /** Whether the codestream states that its three samples are YBR; null: the header decides. */
  readonly isYbr: boolean | null;
}

/** Null if the codestream is damaged or differs from `expected`. */
export type Decode = (coded: Uint8Array, expected: ExpectedImage) => Promise<DecodedSamples | null>;
