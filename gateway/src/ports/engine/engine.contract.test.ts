/** The contract of an engine that runs models, on which the gateway relies. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MODEL_IDS, type Tensor } from '#shared/models/model.ts';
import { ALL_PROBLEMS } from '#shared/protocol/inference-problems.ts';
import { EXTERNAL_ONNX_MODELS, ONNX_MODELS, saveOnnxModel } from '#testing/onnx-models.ts';
import { failsWith, failureOf } from '../../testing/failing.ts';
import { EngineFault, type Engine, type EngineFaultCode, type EngineModel } from './engine.ts';
import { createOnnxEngine } from './onnx-engine.ts';
import { fieldsOf } from '../../testing/fields-of.ts';

const signal = new AbortController().signal;
const PATIENT = { timeoutMs: 60_000, signal };
const X: Tensor = { dims: [1, 4], data: Float32Array.of(1, 2, 3, 4) };

const faultOf = (work: Promise<unknown>): Promise<EngineFault> => failsWith(work, EngineFault);
const codeOf = async (work: Promise<unknown>): Promise<EngineFaultCode> => (await faultOf(work)).code;

/** A model of shared/models with its card. */
async function builtIn(id: string): Promise<EngineModel> {
  const path = fileURLToPath(new URL(`../../../../shared/models/${id}.onnx`, import.meta.url));
  const { sha256, input, outputs } = JSON.parse(await readFile(path.replace(/onnx$/, 'json'), 'utf8'));
  return { digest: sha256, path, input, outputs };
}

/** Some picture: grey levels from 0 to 1. */
function picture(shape: readonly number[]): Tensor {
  const data = new Float32Array(shape.reduce((size, dim) => size * dim, 1));
  return { dims: shape, data: data.map((_, at) => (at * 0.618) % 1) };
}

for (const [name, create] of [
  ['onnxruntime-node', () => createOnnxEngine({ memoryBytes: 400 * 1024 ** 2, restartMs: 1 })],
] as const) {
  const test = suite<{ folder: string; engine: Engine }>(`the engine that runs models (${name})`);
  test.before(async (context) => {
    context.folder = await mkdtemp(join(tmpdir(), 'relay-engine-'));
    context.engine = create();
  });
  test.after(async ({ engine, folder }) => {
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  });

  for (const id of MODEL_IDS) {
    test(`${id} fits its card and gives finite values of the card's shapes, for one picture and for several`, async (context) => {
      const { engine } = context;
      const model = await builtIn(id);
      await engine.check(model, signal);
      const one = picture(model.input.shape);
      const single = await engine.run(model, one, PATIENT);
      const three = picture([3, ...model.input.shape.slice(1)]);
      three.data.set(one.data, one.data.length);
      const several = await engine.run(model, three, PATIENT);
      assert.equal(Object.keys(single).sort(), Object.keys(model.outputs).sort());
      for (const [output, { shape }] of Object.entries(model.outputs)) {
        const { dims, data } = single[output]!;
        assert.equal(dims, shape);
        assert.ok(data.every(Number.isFinite));
        assert.equal(several[output]!.dims, [3, ...shape.slice(1)]);
        const second = several[output]!.data.subarray(data.length, 2 * data.length);
        assert.ok(
          data.every((value, at) => Math.abs(value - second[at]!) <= 1e-4 * (1 + Math.abs(value))),
          'a picture among others has the same answer',
        );
      }
    });
  }

  test('runs that are asked for at once each get their own answer', async ({ engine, folder }) => {
    const model = await saveOnnxModel(folder, 'one', ONNX_MODELS['adds-one']);
    const all = Float32Array.from({ length: 13 }, (_, at) => at);
    const answers = await Promise.all(
      [1, 5, 9].map((from) =>
        engine.run(model, { dims: [1, 4], data: all.subarray(from, from + 4) }, PATIENT),
      ),
    );
    assert.equal(
      answers.map(({ y }) => [...y!.data]),
      [
        [2, 3, 4, 5],
        [6, 7, 8, 9],
        [10, 11, 12, 13],
      ],
    );
  });

  test('an input that does not have the card’s shape is the caller’s mistake, not the model’s', async (context) => {
    const { engine, folder } = context;
    const model = await saveOnnxModel(folder, 'shape', ONNX_MODELS['adds-one']);
    const inputs: readonly Tensor[] = [
      { dims: [1, 3], data: new Float32Array(3) },
      { dims: [4], data: new Float32Array(4) },
      { dims: [1, 4], data: new Float32Array(5) },
      { dims: [2, 4], data: new Float32Array(8) },
      { dims: [], data: new Float32Array(1) },
    ];
    for (const input of inputs) await failsWith(engine.run(model, input, PATIENT), RangeError);
    const free = { ...model, input: { ...model.input, batch: true } };
    for (const [rows, columns] of [
      [0, 4],
      [1.5, 4],
      [2, 3],
    ] as const) {
      const input = { dims: [rows, columns], data: new Float32Array(rows * columns) };
      await failsWith(engine.run(free, input, PATIENT), RangeError);
    }
  });

  const Y = (...shape: number[]) => ({ input: { name: 'x', shape: [1, 4] }, outputs: { y: { shape } } });
  const misfits: readonly [keyof typeof ONNX_MODELS, ReturnType<typeof Y> & Partial<EngineModel>][] = [
    ['gives-five', Y(1, 4)],
    ['gives-double', Y(1, 4)],
    ['gives-z', Y(1, 4)],
    ['adds-one', Y(4)],
    ['adds-one', { ...Y(1, 4), input: { name: 'image', shape: [1, 4] } }],
    ['adds-one', { ...Y(1, 4), input: { name: 'x', shape: [1, 5] } }],
    ['adds-one', { ...Y(1, 4), outputs: { y: { shape: [1, 4] }, z: { shape: [1] } } as never }],
    ['adds-one', { ...Y(1, 4), outputs: {} as never }],
    ['adds-one', { ...Y(1, 4), input: { name: 'x', shape: [1, 4], batch: true } as never }],
  ];
  test('a model that does not match its card is refused before it runs, by name, type and shape', async (context) => {
    const { engine, folder } = context;
    for (const [at, [name, card]] of misfits.entries()) {
      const model = await saveOnnxModel(folder, `misfit ${at}`, ONNX_MODELS[name], card);
      assert.is(await codeOf(engine.check(model, signal)), 'model-shape-mismatch', `${at} ${name}`);
      const input = { dims: card.input.shape, data: new Float32Array(card.input.shape[1]!) };
      const run = codeOf(engine.run(model, input, PATIENT));
      assert.is(await run, 'model-shape-mismatch', `${at} ${name}`);
    }
  });

  test('a model whose wrong shape shows only when it runs is noticed then', async ({ engine, folder }) => {
    const model = await saveOnnxModel(folder, 'hidden', ONNX_MODELS['gives-as-many'], Y(2, 4));
    await engine.check(model, signal);
    assert.equal((await engine.run(model, X, PATIENT)).y!.dims, [2, 4]);
    assert.is(
      await codeOf(engine.run(model, { ...X, data: Float32Array.of(0, 1, 2, 3) }, PATIENT)),
      'model-shape-mismatch',
    );
  });

  test('an answer that is no number is no answer', async ({ engine, folder }) => {
    for (const name of ['gives-nan', 'gives-infinity', 'stops-within'] as const) {
      const model = await saveOnnxModel(folder, name, ONNX_MODELS[name]);
      assert.is(await codeOf(engine.run(model, X, PATIENT)), 'model-output-invalid', name);
    }
  });

  test('a file that is not a model, or needs operators unknown here, is unreadable', async (context) => {
    const { engine, folder } = context;
    const { empty, 'future-opset': future } = ONNX_MODELS;
    const { 'unknown-graph': graph, 'unknown-operator': operator } = ONNX_MODELS;
    const cut = ONNX_MODELS['adds-one'].subarray(0, 60);
    for (const [name, bytes] of Object.entries({ graph, empty, future, operator, cut })) {
      const model = await saveOnnxModel(folder, name, bytes);
      assert.is(await codeOf(engine.check(model, signal)), 'model-unreadable', name);
    }
  });

  for (const [place, bytes] of Object.entries(EXTERNAL_ONNX_MODELS)) {
    test(`a model that takes values from another file is refused: ${place}`, async ({ engine, folder }) => {
      assert.is(
        await codeOf(engine.check(await saveOnnxModel(folder, `external ${place}`, bytes), signal)),
        'model-external-data',
      );
    });
  }

  test('a file that changed on the disk does not run, and a file that is gone is said to be', async (context) => {
    const { folder } = context;
    const model = await saveOnnxModel(folder, 'changes', ONNX_MODELS['adds-one']);
    const first = create();
    await first.run(model, X, PATIENT);
    await writeFile(model.path, ONNX_MODELS['gives-nan']);
    assert.is(await codeOf(first.run(model, X, PATIENT)), 'model-changed', 'loaded before it changed');
    assert.is(await codeOf(first.check(model, signal)), 'model-changed');
    await writeFile(model.path, ONNX_MODELS['adds-one']);
    await first.run(model, X, PATIENT);
    await writeFile(model.path, ONNX_MODELS['gives-nan']);
    await first.close();
    const second = create();
    assert.is(await codeOf(second.run(model, X, PATIENT)), 'model-changed');
    await rm(model.path);
    const fault = await faultOf(second.run(model, X, PATIENT));
    assert.is(fault.code, 'model-unavailable');
    assert.is(fault.digest, model.digest);
    assert.is(
      await codeOf(second.check({ ...model, path: folder }, signal)),
      'model-unavailable',
      'a folder is no file',
    );
    await second.close();
  });

  test('a model that takes too long is ended, and the questions behind it are answered', async (context) => {
    const { engine, folder } = context;
    const loops = await saveOnnxModel(folder, 'loops', ONNX_MODELS.loops);
    const honest = await saveOnnxModel(folder, 'honest', ONNX_MODELS['adds-one']);
    const late = codeOf(engine.run(loops, X, { timeoutMs: 100, signal }));
    const behind = await Promise.all([1, 2, 3].map(() => engine.run(honest, X, PATIENT)));
    assert.is(await late, 'model-timeout');
    for (const { y } of behind) assert.equal([...y!.data], [2, 3, 4, 5]);
  });

  test('a cancelled run ends with the reason, whether it waits or is under way', async (context) => {
    const { engine, folder } = context;
    const loops = await saveOnnxModel(folder, 'called-off', ONNX_MODELS.loops);
    const honest = await saveOnnxModel(folder, 'goes-on', ONNX_MODELS['adds-one']);
    const running = new AbortController();
    const waiting = new AbortController();
    const first = failureOf(engine.run(loops, X, { timeoutMs: 60_000, signal: running.signal }));
    const second = failureOf(engine.run(honest, X, { timeoutMs: 60_000, signal: waiting.signal }));
    const third = engine.run(honest, X, PATIENT);
    waiting.abort('not wanted');
    assert.is(await second, 'not wanted', 'it does not wait for its turn');
    running.abort('closed the page');
    assert.is(await first, 'closed the page');
    assert.equal([...(await third).y!.data], [2, 3, 4, 5]);
    assert.is(
      await failureOf(engine.run(honest, X, { timeoutMs: 1, signal: AbortSignal.abort('before') })),
      'before',
    );
  });

  test('after close nothing runs', async ({ folder }) => {
    const closed = create();
    const loops = await saveOnnxModel(folder, 'at-close', ONNX_MODELS.loops);
    const ends = Promise.allSettled([closed.run(loops, X, PATIENT), closed.run(loops, X, PATIENT)]);
    await closed.close();
    assert.equal(fieldsOf(await ends, 'status'), ['rejected', 'rejected']);
    assert.instance(await closed.run(loops, X, PATIENT).catch((error: unknown) => error), Error);
    await closed.close();
  });

  test('every fault has a sentence for a person', async ({ engine, folder }) => {
    const fault = await faultOf(
      engine.run(await saveOnnxModel(folder, 'sentence', ONNX_MODELS['gives-nan']), X, PATIENT),
    );
    assert.is(fault.message, ALL_PROBLEMS[fault.code].title);
  });

  test.run();
}
