/**
 * The models in a worker of Chromium: onnxruntime-web, WebAssembly on one thread, as on a tablet. Answers one
 * message with the times of every row.
 */
import type * as Onnx from 'onnxruntime-web/wasm';
import { CARDS } from '#shared/models/card.ts';
import { MODEL_IDS, type ModelId, type RunModel, type Tensor } from '#shared/models/model.ts';
import type { Codecs } from '#shared/pixels/codecs.ts';
import { measureModels, type Frames, type Models } from './measure-models.ts';

/** Where serve-sources.ts has the runtime. */
const RUNTIME = '/node_modules/onnxruntime-web/dist/';

async function open(onnx: typeof Onnx, id: ModelId): Promise<RunModel> {
  const bytes = new Uint8Array(await (await fetch(`/shared/models/${CARDS[id].file}`)).arrayBuffer());
  const session = await onnx.InferenceSession.create(bytes, {
    executionProviders: ['wasm'],
    logSeverityLevel: 4,
  });
  return async ({ dims, data }) => {
    const answer = await session.run({ [session.inputNames[0]!]: new onnx.Tensor('float32', data, dims) });
    return Object.fromEntries(
      Object.entries(answer).map(([name, value]): [string, Tensor] => [
        name,
        { dims: value.dims, data: value.data as Float32Array },
      ]),
    );
  };
}

self.onmessage = async ({ data: frames }: MessageEvent<Frames>) => {
  try {
    const onnx = (await import(/* @vite-ignore */ `${RUNTIME}ort.wasm.min.mjs`)) as typeof Onnx;
    onnx.env.wasm.numThreads = 1;
    onnx.env.wasm.wasmPaths = RUNTIME;
    const models = Object.fromEntries(
      await Promise.all(MODEL_IDS.map(async (id) => [id, await open(onnx, id)])),
    ) as Models;
    // None of the frames needs a codec of WebAssembly.
    self.postMessage(await measureModels(models, frames, {} as Codecs));
  } catch (error) {
    self.postMessage(String(error));
  }
};
