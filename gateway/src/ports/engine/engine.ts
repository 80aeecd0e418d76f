/**
 * Runs models for the gateway. onnx-engine.ts has onnxruntime in a process of its own;
 * engine.contract.test.ts tests every adapter.
 *
 * It promises: a model that crashes, hangs, takes too much memory or gives nonsense fails its own run with an
 * EngineFault, and harms neither the gateway nor other models' runs. The bytes that run have the digest. It
 * does not know what a model is for, or which one is active.
 */
import type { Tensor } from '#shared/models/model.ts';
import { ALL_PROBLEMS, type AnyProblemCode } from '#shared/protocol/inference-problems.ts';

/** A model as its card has it; all values are float32. */
export type EngineModel = {
  /** SHA-256 of the file, hexadecimal. */
  readonly digest: string;
  readonly path: string;
  /**
   * Failures in a row are counted within one trial. To try a model again that has failed too often (somebody
   * activated it), name another trial.
   */
  readonly trial?: string;
  /**
   * `batch`: the first dimension may be any number of examples, and that of each output is as many times its
   * own.
   */
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
  /** The runtime and its version, as results name it. */
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
  /** Starts what runs take, unless it is there: no run waits for it afterwards. Throws what the start throws. */
  ready(signal: AbortSignal): Promise<void>;
  state(): EngineState;
  /** Ends the running questions; waiting ones throw. */
  close(): Promise<void>;
}

/** For metrics. */
type EngineState = {
  /** The process, while there is one. */
  readonly pid: number | null;
  /** Times that it ended and nobody had asked it to. */
  readonly crashes: number;
  /** Runs that gave outputs. */
  readonly runs: number;
  /** Runs that wait or are under way. */
  readonly pending: number;
  /** Resident memory of the process after its last answer; 0: there is none. */
  readonly residentBytes: number;
};

export type EngineFaultCode = Extract<
  AnyProblemCode,
  // The file, or what is in it: it will be so the next time, too.
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
  // The file is not there, or no process starts.
  | 'model-unavailable'
>;

export class EngineFault extends Error {
  readonly code: EngineFaultCode;
  readonly digest: string;

  /** `detail`: what the runtime says of the file, for an administrator; it holds no value of an image. */
  constructor(code: EngineFaultCode, digest: string, detail?: string) {
    super(detail ?? ALL_PROBLEMS[code].title);
    this.name = 'EngineFault';
    this.code = code;
    this.digest = digest;
  }
}
