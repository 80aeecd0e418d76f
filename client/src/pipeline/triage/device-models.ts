/**
 * Runs the models on this device with onnxruntime-web: WebAssembly on one thread. Each model is loaded when it is
 * first needed, from bytes whose digest was checked, and stays loaded as long as its worker lives. Import this file
 * only in the worker, and only where Vite builds.
 */
import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import runtimeUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import imageKindUrl from '../../../../shared/models/image-kind.onnx?url';
import lungFieldsUrl from '../../../../shared/models/lung-fields.onnx?url';
import pneumoniaUrl from '../../../../shared/models/pneumonia.onnx?url';
import { CARDS } from '#shared/models/card.ts';
import type { RunModel } from '#shared/models/model.ts';
import type { KeptParts, Part } from './kept-parts.ts';

/** Inserted by the build: SHA-256 of the runtime's file. */
declare const RELAY_MODEL_RUNTIME: string;

export type DeviceModelId = 'image-kind' | 'pneumonia' | 'lung-fields';

const RUNTIME: Part = { name: 'runtime', url: runtimeUrl, digest: RELAY_MODEL_RUNTIME };
const partOf = (id: DeviceModelId, url: string): Part => ({ name: id, url, digest: CARDS[id].sha256 });
const MODELS: Readonly<Record<DeviceModelId, Part>> = {
  'image-kind': partOf('image-kind', imageKindUrl),
  pneumonia: partOf('pneumonia', pneumoniaUrl),
  'lung-fields': partOf('lung-fields', lungFieldsUrl),
};

export const PARTS: readonly Part[] = [RUNTIME, ...Object.values(MODELS)];

export const RUNTIME_NAME = `onnxruntime-web ${env.versions.web ?? env.versions.common} wasm`;

interface DeviceModels {
  /** Throws PartMissing, errors of the runtime, and the signal's reason. */
  readonly run: (id: DeviceModelId) => RunModel;
}

export function createDeviceModels(parts: KeptParts): DeviceModels {
  let started: Promise<void> | null = null;
  const sessions = new Map<DeviceModelId, Promise<InferenceSession>>();

  async function start(): Promise<void> {
    // A single thread, because several need shared memory, which some tablets refuse, and these models take only
    // milliseconds.
    env.wasm.numThreads = 1;
    env.wasm.proxy = false;
    env.wasm.wasmBinary = (await parts.read(RUNTIME)).buffer;
    env.logLevel = 'error';
  }

  async function open(id: DeviceModelId): Promise<InferenceSession> {
    started ??= start();
    await started;
    return InferenceSession.create(await parts.read(MODELS[id]), {
      executionProviders: ['wasm'],
      graphOptimizationLevel: 'all',
    });
  }

  function sessionOf(id: DeviceModelId): Promise<InferenceSession> {
    const known = sessions.get(id) ?? open(id);
    sessions.set(id, known);
    return known;
  }

  return {
    run:
      (id) =>
      async ({ dims, data }, signal) => {
        signal?.throwIfAborted();
        const session = await sessionOf(id);
        signal?.throwIfAborted();
        const outputs = await session.run({ [CARDS[id].input.name]: new Tensor('float32', data, dims) });
        return Object.fromEntries(
          Object.entries(outputs).map(([name, value]) => [
            name,
            { dims: value.dims, data: value.data as Float32Array },
          ]),
        );
      },
  };
}
