/** The process in which models run may end at any time; the gateway does not notice. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Tensor } from '#shared/models/model.ts';
import { skip } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { ONNX_MODELS, saveOnnxModel } from '#testing/onnx-models.ts';
import { EngineFault, type Engine, type EngineModel } from './engine.ts';
import { createOnnxEngine } from './onnx-engine.ts';

const signal = new AbortController().signal;
const PATIENT = { timeoutMs: 60_000, signal };
const X: Tensor = { dims: [1, 4], data: Float32Array.of(1, 2, 3, 4) };
/** The process has 130 MiB to begin with. */
const SMALL = { memoryBytes: 300 * 1024 ** 2, restartMs: 1 };
const isLinux = process.platform === 'linux';

const faultOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no fault',
    (error: unknown) => (error instanceof EngineFault ? error.code : String(error)),
  );
/** proc(5): Z is a process that has ended, and that nobody has asked about yet. */
const isAlive = (pid: number): Promise<boolean> =>
  readFile(`/proc/${pid}/stat`, 'utf8').then(
    (stat) => !/\) Z /.test(stat),
    () => false,
  );

type Context = { folder: string; engine: Engine; honest: EngineModel; loops: EngineModel };
const NEVER = AbortSignal.any([]);
const reasonOf = (work: Promise<void>): Promise<unknown> =>
  work.then(() => null).catch((error: unknown) => error);

const test = suite<Context>('the process of the models');
test.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'relay-engine-'));
  context.engine = createOnnxEngine(SMALL);
  context.honest = await saveOnnxModel(context.folder, 'honest', ONNX_MODELS['adds-one']);
  context.loops = await saveOnnxModel(context.folder, 'loops', ONNX_MODELS.loops);
});
test.after.each(async ({ engine, folder }) => {
  await engine.close();
  await rm(folder, { recursive: true, force: true });
});

/** Resolves when the run is in the process. */
async function underWay(engine: Engine): Promise<number> {
  const pid = await until('the process', () => engine.state().pid);
  await turn();
  return pid;
}

test('a start that fails is told to all who ask for a while, and one who has gone waits for none', async () => {
  const engine = createOnnxEngine({ memoryBytes: -(1024 ** 3) });
  const [first, second] = await Promise.all([engine.ready(NEVER), engine.ready(NEVER)].map(reasonOf));
  assert.instance(first, Error);
  assert.equal([second === first, (await reasonOf(engine.ready(NEVER))) === first], [true, true]);
  await engine.close();
  const other = createOnnxEngine(SMALL);
  const gone = new Error('gone');
  assert.is(await reasonOf(other.ready(AbortSignal.abort(gone))), gone);
  await other.close();
});

test('it starts when it is asked to, once for all who ask, and the first run finds it', async ({
  engine,
  honest,
}) => {
  assert.equal(engine.state(), { pid: null, crashes: 0, runs: 0, pending: 0, residentBytes: 0 });
  const pids = await Promise.all(
    [engine.ready(NEVER), engine.ready(NEVER)].map((ready) => ready.then(() => engine.state().pid)),
  );
  await engine.run(honest, X, PATIENT);
  assert.equal([...new Set([...pids, engine.state().pid])].length, 1);
  assert.ok(await isAlive(pids[0]!));
});

test('it stays between runs, and reports its memory', async ({ engine, honest }) => {
  await engine.run(honest, X, PATIENT);
  const { pid, residentBytes } = engine.state();
  await engine.run(honest, X, PATIENT);
  assert.is(engine.state().pid, pid);
  assert.ok(residentBytes > 1024 ** 2);
  assert.match(engine.runtime, /^onnxruntime-node \d/);
});

test('killed in the midst of a run it costs that run only', async ({ engine, honest, loops }) => {
  const hit = faultOf(engine.run(loops, X, PATIENT));
  const behind = engine.run(honest, X, PATIENT);
  process.kill(await underWay(engine), 'SIGKILL');
  assert.is(await hit, 'model-crashed');
  assert.equal([...(await behind).y!.data], [2, 3, 4, 5]);
  assert.is(engine.state().crashes, 1);
});

test('killed between runs it costs nothing', async ({ engine, honest }) => {
  await engine.run(honest, X, PATIENT);
  process.kill(engine.state().pid!, 'SIGKILL');
  await until('its end', () => engine.state().pid === null);
  assert.equal([...(await engine.run(honest, X, PATIENT)).y!.data], [2, 3, 4, 5]);
});

test('a model that crashes the runtime is named, and waiting questions are answered', async (context) => {
  const { engine, folder, honest } = context;
  // Other processors give a value instead of a trap.
  if (process.arch !== 'x64') skip('a model that crashes the runtime', 'this processor does not trap');
  const crashes = await saveOnnxModel(folder, 'crashes', ONNX_MODELS.crashes);
  const hit = faultOf(engine.run(crashes, { ...X, data: Float32Array.of(1, 1, 1, 1) }, PATIENT));
  const behind = engine.run(honest, X, PATIENT);
  assert.is(await hit, 'model-crashed');
  assert.equal([...(await behind).y!.data], [2, 3, 4, 5]);
});

for (const [name, shape] of [
  ['grows', [1, 1]],
  ['expands', [1, 1, 1]],
] as const) {
  test(`a model that takes memory without end is stopped, and waiting questions are answered: ${name}`, async (context) => {
    const { engine, folder, honest } = context;
    const model = await saveOnnxModel(folder, name, ONNX_MODELS[name], {
      input: honest.input,
      outputs: { y: { shape } },
    });
    const hit = faultOf(engine.run(model, X, PATIENT));
    const behind = engine.run(honest, X, PATIENT);
    assert.is(await hit, 'model-out-of-memory');
    assert.equal([...(await behind).y!.data], [2, 3, 4, 5]);
  });
}

test('a model that failed three times in a row is not run again before somebody activates it', async (context) => {
  const { engine, honest, loops } = context;
  const hurried = () => faultOf(engine.run(loops, X, { timeoutMs: 1, signal }));
  assert.equal(
    [await hurried(), await hurried(), await hurried(), await hurried()],
    ['model-timeout', 'model-timeout', 'model-timeout', 'model-failed'],
  );
  assert.is(engine.state().crashes, 3);
  await engine.run(honest, X, PATIENT);
  assert.is(await hurried(), 'model-failed');
  assert.is(
    await faultOf(engine.run({ ...loops, trial: 'activated again' }, X, { timeoutMs: 1, signal })),
    'model-timeout',
  );
});

test('two failures and an answer, again and again, are never three failures', async ({ engine, folder }) => {
  const model = await saveOnnxModel(folder, 'at-times', ONNX_MODELS['loops-as-asked']);
  const hangs = () =>
    faultOf(engine.run(model, { ...X, data: X.data.map(() => 1e18) }, { timeoutMs: 1, signal }));
  for (const _ of ['once', 'twice']) {
    assert.equal([await hangs(), await hangs()], ['model-timeout', 'model-timeout']);
    assert.equal(
      [...(await engine.run(model, { ...X, data: Float32Array.of(1, 0, 0, 2) }, PATIENT)).y!.data],
      [3, 2, 2, 4],
    );
  }
});

test('a file of 64 MiB is read, one byte more is too large', async ({ engine, honest }) => {
  await truncate(honest.path, 64 * 1024 ** 2);
  assert.is(await faultOf(engine.check(honest, signal)), 'model-changed');
  await truncate(honest.path, 64 * 1024 ** 2 + 1);
  assert.is(await faultOf(engine.check(honest, signal)), 'model-too-large');
});

test('it has none of the gateway’s environment', async ({ engine, honest }) => {
  if (!isLinux) skip('the environment of the models’ process', 'only Linux shows it');
  process.env.RELAY_PLANTED = 'a secret of the gateway';
  await engine.run(honest, X, PATIENT);
  delete process.env.RELAY_PLANTED;
  assert.not.match(
    await readFile(`/proc/${engine.state().pid}/environ`, 'utf8'),
    /PLANTED|secret|PATH=|RELAY/,
  );
});

test('it ends with the gateway, also when the gateway is killed while a model hangs', async ({ loops }) => {
  if (!isLinux) skip('the end of the models’ process', 'only Linux shows it');
  const program = `
    import { createOnnxEngine } from ${JSON.stringify(new URL('./onnx-engine.ts', import.meta.url).href)};
    const engine = createOnnxEngine();
    const signal = new AbortController().signal;
    const model = ${JSON.stringify(loops)};
    await engine.check(model, signal);
    engine.run(model, { dims: [1, 4], data: new Float32Array(4) }, { timeoutMs: 600000, signal });
    setImmediate(() => console.log(engine.state().pid));`;
  const gateway = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await gateway.stdout.setEncoding('utf8').take(1).toArray()) as string[];
  const pid = Number(said);
  assert.ok(await isAlive(pid));
  gateway.kill('SIGKILL');
  await until('the end of the models’ process', async () => !(await isAlive(pid)));
});

test.run();
