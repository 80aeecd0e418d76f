/**
 * Models, loaded into onnxruntime and run. Part of the engine's process: any line that calls the runtime may end that
 * process.
 *
 * It promises that the bytes that were hashed are the bytes that are loaded; that nothing is loaded whose values lie in
 * other files, or whose graph differs from the card; that outputs have the card's shapes and are finite; and that
 * probabilities are from 0 to 1. SessionFault says what is wrong.
 */
import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import type { InferenceSession, Tensor as OnnxTensor } from 'onnxruntime-node';
import type { Tensor } from '#shared/models/model.ts';
import type { EngineFaultCode, EngineModel } from './engine.ts';
import { findExternalData } from './external-data.ts';
import { batchOf, fitsCard, hasShape, shapeFor, type GraphValue } from './tensor-shapes.ts';

/**
 * A file is held in memory while it is loaded, and the loaded model takes as much again. Models of this size run for
 * seconds on a CPU.
 */
const FILE_BYTES_LIMIT = 64 * 1024 ** 2;
/** Models that stay loaded: four, and their previous versions. The least recently used one is released. */
const SESSIONS_LIMIT = 8;
/** How much of the runtime's message is passed on. */
const DETAIL_LENGTH = 300;
/**
 * A single thread leaves the machine to the gateway while a model is busy, and gives the same bits for the same input.
 * The arena is off because it keeps what the largest batch took (770 MB after fifty gradients, otherwise 220). Without
 * it single images are as quick, and fifty take 0.27 s instead of 0.17.
 */
const OPTIONS: InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  executionMode: 'sequential',
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  // ONNX only: otherwise the runtime would recognise its other file format by the bytes, and such a file was not
  // searched for external data.
  enableCpuMemArena: false,
  logSeverityLevel: 4,
  extra: { session: { load_model_format: 'ONNX' } },
};

export class SessionFault extends Error {
  readonly code: EngineFaultCode;
  readonly detail: string | null;

  constructor(code: EngineFaultCode, detail: string | null = null) {
    super(code);
    this.code = code;
    this.detail = detail;
  }
}

type Sessions = {
  /** Reads the file again. Throws SessionFault. */
  check(model: EngineModel): Promise<void>;
  /** Throws SessionFault. */
  run(model: EngineModel, input: Tensor): Promise<Record<string, Tensor>>;
};

/** `stamp`: the state of the file when it was read. */
type Loaded = { readonly session: InferenceSession; readonly stamp: string };

/** Throws where onnxruntime is not installed or does not start on this machine. */
export async function openSessions(): Promise<Sessions> {
  const { InferenceSession, Tensor } = (await import('onnxruntime-node')).default;
  /** By digest, the least recently used first. */
  const loaded = new Map<string, Loaded>();

  async function release(digest: string): Promise<void> {
    await loaded.get(digest)?.session.release();
    loaded.delete(digest);
  }

  async function keep(digest: string, one: Loaded): Promise<void> {
    await release(digest);
    loaded.set(digest, one);
    const [oldest] = loaded.keys();
    if (loaded.size > SESSIONS_LIMIT && oldest !== undefined) await release(oldest);
  }

  async function load(model: EngineModel): Promise<InferenceSession> {
    const { bytes, stamp } = await readModel(model);
    const session = await InferenceSession.create(bytes, OPTIONS).catch((error: unknown) => {
      throw isOutOfMemory(error)
        ? new SessionFault('model-out-of-memory')
        : new SessionFault('model-unreadable', wordsOf(error));
    });
    await keep(model.digest, { session, stamp });
    return session;
  }

  async function sessionOf(model: EngineModel, isAnew: boolean): Promise<InferenceSession> {
    const known = isAnew ? undefined : loaded.get(model.digest);
    // A file that was touched is read again: the model that runs must have the right bytes, and be the one on the disk.
    const isUntouched = known !== undefined && known.stamp === (await stampOf(model.path));
    if (isUntouched) {
      loaded.delete(model.digest);
      loaded.set(model.digest, known);
    } else await release(model.digest);
    const session = isUntouched ? known.session : await load(model);
    const { inputMetadata, outputMetadata } = session;
    if (!fitsCard(model, inputMetadata.map(toGraphValue), outputMetadata.map(toGraphValue)))
      throw new SessionFault('model-shape-mismatch');
    return session;
  }

  return {
    check: async (model) => void (await sessionOf(model, true)),
    async run(model, input) {
      const session = await sessionOf(model, false);
      const given = new Tensor('float32', input.data, input.dims);
      const outputs = await session.run({ [model.input.name]: given }).catch((error: unknown) => {
        // The runtime stopped within the graph, for instance where two values inside it do not fit each other.
        throw new SessionFault(isOutOfMemory(error) ? 'model-out-of-memory' : 'model-output-invalid');
      });
      return readOutputs(model, batchOf(model, input), outputs);
    },
  };
}

/**
 * Differs after any change to the file; '' if there is none. Hashing the file at each run would take longer than the
 * run.
 */
async function stampOf(path: string): Promise<string> {
  return await stat(path, { bigint: true }).then(
    ({ ino, size, mtimeNs, ctimeNs }) => [ino, size, mtimeNs, ctimeNs].join(' '),
    () => '',
  );
}

async function readModel({ path, digest }: EngineModel): Promise<{ bytes: Uint8Array; stamp: string }> {
  const cannotRead = (): never => {
    throw new SessionFault('model-unavailable');
  };
  // Taken before the bytes are read, so that a write in between changes it.
  const stamp = await stampOf(path);
  const file = await open(path).catch(cannotRead);
  try {
    const { size } = await file.stat();
    if (size > FILE_BYTES_LIMIT) throw new SessionFault('model-too-large');
    const { buffer, bytesRead } = await file.read(new Uint8Array(size), 0, size, 0).catch(cannotRead);
    const bytes = buffer.subarray(0, bytesRead);
    if (createHash('sha256').update(bytes).digest('hex') !== digest) throw new SessionFault('model-changed');
    const found = findExternalData(bytes);
    if (found !== 'none')
      throw new SessionFault(found === 'found' ? 'model-external-data' : 'model-unreadable');
    return { bytes, stamp };
  } finally {
    await file.close();
  }
}

function readOutputs(
  model: EngineModel,
  times: number,
  outputs: Readonly<Record<string, OnnxTensor>>,
): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(model.outputs).map(([name, { shape }]) => {
      const output = outputs[name];
      if (!(output?.data instanceof Float32Array)) throw new SessionFault('model-shape-mismatch');
      const tensor: Tensor = { dims: output.dims, data: output.data };
      if (!hasShape(tensor, shapeFor(shape, times))) throw new SessionFault('model-shape-mismatch');
      if (!tensor.data.every(name === 'probabilities' ? isProbability : Number.isFinite))
        throw new SessionFault('model-output-invalid');
      return [name, tensor];
    }),
  );
}

const toGraphValue = (value: InferenceSession.ValueMetadata): GraphValue =>
  value.isTensor
    ? { name: value.name, type: value.type, shape: value.shape }
    : { name: value.name, type: null, shape: [] };

const wordsOf = (error: unknown): string =>
  (error instanceof Error ? error.message : '').slice(0, DETAIL_LENGTH);
/** std::bad_alloc, and the messages of the runtime's arena. */
const isOutOfMemory = (error: unknown): boolean =>
  /bad_alloc|bad allocation|failed to allocate memory/i.test(wordsOf(error));

/** How far a softmax of 32-bit floats may stray from 0 and 1. */
const ROUNDING = 1e-4;
const isProbability = (value: number): boolean => value >= -ROUNDING && value <= 1 + ROUNDING;
