/**
 * Models run by onnxruntime in a process of its own, one run at a time, in the order of the calls.
 *
 * The process starts with the gateway, or with the first run, and stays. It is killed when a run takes too long or is
 * aborted; it kills itself when it takes too much memory. Only the run in progress is lost: the others wait here and
 * continue in the next process. A model whose runs ended the process three times in a row is not run again within the
 * same trial.
 *
 * The engine neither prioritises waiting runs nor limits their number: its callers have limits of their own.
 */
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { Tensor } from '#shared/models/model.ts';
import { EngineFault, type Engine, type EngineFaultCode, type EngineModel } from './engine.ts';
import { MEMORY_SIGNAL, type EngineAnswer } from './engine-messages.ts';
import { startEngineProcess, type Ended, type EngineProcess } from './start-engine-process.ts';
import { batchOf } from './tensor-shapes.ts';

type OnnxEngineSettings = {
  /**
   * Resident memory that the process may have. It needs 150 MB with the four models, and as much again for a batch of
   * fifty gradients.
   */
  readonly memoryBytes: number;
  /** Time for reading and loading a file; one of 1.5 MB takes 10 ms. */
  readonly checkTimeoutMs: number;
  /** The pause before a new process after a model ended the last one; it doubles each time this happens again. */
  readonly restartMs: number;
};

const DEFAULTS: OnnxEngineSettings = {
  memoryBytes: 1.5 * 1024 ** 3,
  checkTimeoutMs: 30_000,
  restartMs: 100,
};
const RESTART_LIMIT_MS = 10_000;
/** For this long after a failed start, callers are refused at once. */
const REFUSED_MS = 10_000;
const FAILURES_LIMIT = 3;
/** Faults that harm the process, not only the model's own answer. */
const FAILURES: ReadonlySet<EngineFaultCode> = new Set([
  'model-crashed',
  'model-timeout',
  'model-out-of-memory',
]);

type Outputs = Readonly<Record<string, Tensor>>;
type Work = {
  readonly model: EngineModel;
  readonly input: Tensor | null;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
};

type State = {
  readonly settings: OnnxEngineSettings;
  readonly failures: Failures;
  readonly closing: AbortController;
  process: EngineProcess | null;
  starting: Promise<EngineProcess> | null;
  /** The failure of the last start; null: it succeeded. */
  fault: { readonly error: unknown; readonly atMs: number } | null;
  /** Resolves with the last run in the queue. */
  turn: Promise<unknown>;
  /** How often in a row the process ended without an answer in between. */
  ends: number;
  readonly counts: { crashes: number; runs: number; pending: number; residentBytes: number };
};

export function createOnnxEngine(given: Partial<OnnxEngineSettings> = {}): Engine {
  const state: State = {
    settings: { ...DEFAULTS, ...given },
    failures: countFailures(),
    closing: new AbortController(),
    process: null,
    starting: null,
    fault: null,
    turn: Promise.resolve(),
    ends: 0,
    counts: { crashes: 0, runs: 0, pending: 0, residentBytes: 0 },
  };
  const { settings, counts } = state;
  return {
    runtime: `onnxruntime-node ${runtimeVersion()}`,
    async check(model, signal) {
      await inTurn(state, { model, input: null, timeoutMs: settings.checkTimeoutMs, signal });
    },
    async run(model, input, { timeoutMs, signal }) {
      batchOf(model, input);
      return inTurn(state, { model, input, timeoutMs, signal });
    },
    ready: async (signal) => void (await orCalledOff(processNow(state), signal)),
    state: () => ({
      ...counts,
      pid: state.process?.pid ?? null,
      residentBytes: state.process === null ? 0 : counts.residentBytes,
    }),
    close: () => close(state),
  };
}

async function close(state: State): Promise<void> {
  state.closing.abort(new Error('the engine is closed'));
  await state.turn;
  if (state.starting !== null) await ignoreFailure(state.starting, 'then there is no process to end');
  const last = state.process;
  drop(state, last);
  await last?.ended;
}

/** Waits for its turn. A caller that aborts while waiting is answered at once. */
async function inTurn(state: State, work: Work): Promise<Outputs> {
  const { counts, closing } = state;
  const calledOff = AbortSignal.any([work.signal, closing.signal]);
  calledOff.throwIfAborted();
  counts.pending += 1;
  const done = state.turn.then(() => {
    calledOff.throwIfAborted();
    return perform(state, work);
  });
  state.turn = ignoreFailure(done, 'the caller is told, and the next run has its turn').then(() => {
    counts.pending -= 1;
  });
  return orCalledOff(done, calledOff);
}

/** @throws the reason of the signal as soon as it is aborted. */
function orCalledOff<T>(work: Promise<T>, calledOff: AbortSignal): Promise<T> {
  const off = Promise.withResolvers<never>();
  const callOff = (): void => off.reject(calledOff.reason);
  if (calledOff.aborted) callOff();
  calledOff.addEventListener('abort', callOff);
  return Promise.race([work, off.promise]).finally(() => calledOff.removeEventListener('abort', callOff));
}

async function perform(state: State, work: Work): Promise<Outputs> {
  const { counts, failures, closing } = state;
  const { model, input, signal } = work;
  if (input !== null && failures.of(model) >= FAILURES_LIMIT)
    throw new EngineFault('model-failed', model.digest);
  const { answer, isLate } = await ask(state, work);
  if (answer.kind === 'ended') {
    signal.throwIfAborted();
    closing.signal.throwIfAborted();
    state.ends += 1;
    counts.crashes += 1;
    return fail(failures, model, codeOfEnd(answer, isLate));
  }
  state.ends = 0;
  counts.residentBytes = answer.residentBytes;
  if (answer.kind === 'fault') return fail(failures, model, answer.code, answer.detail ?? undefined);
  if (input !== null) {
    failures.forget(model);
    counts.runs += 1;
  }
  return answer.outputs;
}

function codeOfEnd({ signal }: Ended, isLate: boolean): EngineFaultCode {
  if (isLate) return 'model-timeout';
  return signal === MEMORY_SIGNAL ? 'model-out-of-memory' : 'model-crashed';
}

function fail(failures: Failures, model: EngineModel, code: EngineFaultCode, detail?: string): never {
  if (FAILURES.has(code)) failures.add(model);
  throw new EngineFault(code, model.digest, detail);
}

/** The answer, or how the process ended. `isLate`: it was killed because its time was up. */
async function ask(
  state: State,
  { model, input, timeoutMs, signal }: Work,
): Promise<{ answer: EngineAnswer | Ended; isLate: boolean }> {
  const running = await processNow(state).catch((error: Error) => {
    throw new EngineFault('model-unavailable', model.digest, error.message);
  });
  const calledOff = AbortSignal.any([signal, state.closing.signal]);
  calledOff.throwIfAborted();
  let isLate = false;
  const end = (): void => drop(state, running);
  const timer = setTimeout(() => {
    isLate = true;
    end();
  }, timeoutMs);
  calledOff.addEventListener('abort', end);
  try {
    return { answer: await running.ask({ model, input }), isLate };
  } finally {
    clearTimeout(timer);
    calledOff.removeEventListener('abort', end);
  }
}

/** Callers that ask while the process starts share it. */
async function processNow(state: State): Promise<EngineProcess> {
  if (state.process !== null) return state.process;
  if (state.fault !== null && performance.now() - state.fault.atMs < REFUSED_MS) throw state.fault.error;
  state.starting ??= startNow(state)
    .catch((error: unknown) => {
      state.fault = { error, atMs: performance.now() };
      throw error;
    })
    .finally(() => {
      state.starting = null;
    });
  return state.starting;
}

async function startNow(state: State): Promise<EngineProcess> {
  const { settings, closing, ends } = state;
  closing.signal.throwIfAborted();
  if (ends > 0)
    await delay(Math.min(settings.restartMs * 2 ** (ends - 1), RESTART_LIMIT_MS), null, {
      signal: closing.signal,
    });
  const started = await startEngineProcess(settings.memoryBytes, closing.signal);
  state.process = started;
  void started.ended.then(() => drop(state, started));
  return started;
}

/** The next run gets another process, even if this one has not ended yet. */
function drop(state: State, running: EngineProcess | null): void {
  if (state.process === running) state.process = null;
  running?.kill();
}

/** Failures of each model in a row, within one trial. */
type Failures = {
  of(model: EngineModel): number;
  add(model: EngineModel): void;
  forget(model: EngineModel): void;
};

function countFailures(): Failures {
  const known = new Map<string, { readonly trial: string | undefined; readonly count: number }>();
  const of = ({ digest, trial }: EngineModel): number => {
    const last = known.get(digest);
    return last !== undefined && last.trial === trial ? last.count : 0;
  };
  return {
    of,
    add: (model) => void known.set(model.digest, { trial: model.trial, count: of(model) + 1 }),
    forget: ({ digest }) => void known.delete(digest),
  };
}

const runtimeVersion = (): string =>
  String(createRequire(import.meta.url)('onnxruntime-node/package.json').version);
