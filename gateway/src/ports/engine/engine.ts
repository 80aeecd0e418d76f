/**
 * Runs models for the gateway. onnx-engine.ts runs onnxruntime in a process of its own; engine.contract.test.ts tests
 * every adapter.
 *
 * It promises that a model which crashes, hangs, takes too much memory or gives nonsense fails its own run with an
 * EngineFault, and harms neither the gateway nor other models' runs. The bytes that run have the given digest. The
 * engine does not know what a model is for, or which one is active.
 */
import type { Tensor } from '#shared/models/model.ts';
import { ALL_PROBLEMS, type AnyProblemCode } from '#shared/protocol/inference-problems.ts';

/** A model as its card describes it; all values are float32. */
export type EngineModel = {
  /** SHA-256 of the file, hexadecimal. */
  readonly digest: string;
  readonly path: string;
  /**
   * Failures in a row are counted within one trial. To run a model again that has failed too often (because somebody
   * activated it), name another trial.
   */
  readonly trial?: string;
  /** `batch`: the first dimension may be any number of examples; that of each output is multiplied accordingly. */
  readonly input: {
    readonly name: string;
    readonly shape: readonly number[];
    readonly batch?: boolean | undefined;
  };
  readonly outputs: Readonly<Record<string, { readonly shape: readonly number[] }>>;
};

/** `timeoutMs` counts from the beginning of the model's turn. */
type RunOptions = { readonly timeoutMs: number; readonly signal: AbortSignal };

export interface Engine {
  /** The runtime and its version, as named in results. */
  readonly runtime: string;
  /**
   * Reads the file again, loads it and compares it with its card, without running it. Throws EngineFault, and
   * the signal's reason.
   */
  check(model: EngineModel, signal: AbortSignal): Promise<void>;
  /**
   * Runs the model once. Returns every output of the card, in its shape, all values finite. Throws EngineFault,
   * the signal's reason, and RangeError: the input is not of the card's shape.
   */
  run(model: EngineModel, input: Tensor, options: RunOptions): Promise<Readonly<Record<string, Tensor>>>;
  /** Starts what runs need, unless it is running, so that no run has to wait for it. Throws what the start throws. */
  ready(signal: AbortSignal): Promise<void>;
  state(): EngineState;
  /** Ends the running question; waiting ones throw. */
  close(): Promise<void>;
}

/** The engine's state, for metrics. */
type EngineState = {
  /** The id of the process, while there is one. */
  readonly pid: number | null;
  /** How often the process ended without being asked to. */
  readonly crashes: number;
  /** How many runs gave outputs. */
  readonly runs: number;
  /** How many runs wait or are in progress. */
  readonly pending: number;
  /** Resident memory of the process after its last answer; 0: there is no process. */
  readonly residentBytes: number;
};

export type EngineFaultCode = Extract<
  AnyProblemCode,
  // The file or its contents are at fault, and will be next time too.
  | 'model-too-large'
  | 'model-changed'
  | 'model-external-data'
  | 'model-unreadable'
  | 'model-shape-mismatch'
  // Faults of a run.
  | 'model-output-invalid'
  | 'model-out-of-memory'
  | 'model-timeout'
  | 'model-crashed'
  | 'model-failed'
  // The file is missing, or no process starts.
  | 'model-unavailable'
>;

export class EngineFault extends Error {
  readonly code: EngineFaultCode;
  readonly digest: string;

  /** `detail`: what the runtime says about the file, for an administrator. It contains no pixel values. */
  constructor(code: EngineFaultCode, digest: string, detail?: string) {
    super(detail ?? ALL_PROBLEMS[code].title);
    this.name = 'EngineFault';
    this.code = code;
    this.digest = digest;
  }
}
