/** The form of a decoder: a codestream in, samples out. */

/** The size that the codestream must state, checked before memory is taken for it. */
export interface ExpectedImage {
  readonly rows: number;
  readonly columns: number;
  readonly samples: number;
}

export interface DecodedSamples {
  /** Rows from the top, samples of a pixel next to each other. */
  readonly values: Uint8Array | Int8Array | Uint16Array | Int16Array;
  /** Per sample, as the codestream states. */
  readonly bits: number;
  readonly isSigned: boolean;
  /** Whether the codestream states that its three samples are YBR; null: the header decides. */
  readonly isYbr: boolean | null;
}

/** Null where the codestream is damaged or differs from `expected`. */
export type Decode = (coded: Uint8Array, expected: ExpectedImage) => Promise<DecodedSamples | null>;
