/**
 * A model as the rest of the product uses it: its identity, and a function from one tensor to named tensors. The
 * runtime is hidden behind it.
 */

/** float32, row-major. */
export interface Tensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Runs a model. Its one input is named in the card. Throws what the runtime throws, and the signal's reason. */
export type RunModel = (input: Tensor, signal?: AbortSignal) => Promise<Readonly<Record<string, Tensor>>>;

export const MODEL_IDS = ['image-kind', 'pneumonia', 'pneumonia-gradient', 'lung-fields'] as const;
export type ModelId = (typeof MODEL_IDS)[number];

/** The model that gave an answer: `digest` is the SHA-256 of the .onnx file, hexadecimal. */
export interface ModelRef {
  readonly id: string;
  readonly version: string;
  readonly digest: string;
}

/** Whether an image is of the kind that a model was trained on, judged by its header: age, body part, view. */
export type Population = 'inside' | 'outside' | 'unknown';
