/**
 * Models run by onnxruntime in a process of its own, one run at a time, in the order in which they were asked
 * for.
 *
 * The process starts with the first run and ends when nobody asked for a while. It is killed when a run takes
 * too long or is called off; it kills itself when it takes too much memory. Only the run that was in it is
 * lost: the others wait here, and go on in the next process. A model in whose runs the process ended three
 * times in a row is not run again within the same trial.
 *
 * Does not choose among runs that wait, nor bound them: who asks has bounds of its own.
 */
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import type { Tensor } from '#shared/models/model.ts';
import { EngineFault, type Engine, type EngineFaultCode, type EngineModel } from './engine.ts';
import { MEMORY_SIGNAL, type EngineAnswer } from './engine-messages.ts';
import { startEngineProcess, type Ended, type EngineProcess } from './start-engine-process.ts';
import { batchOf } from './tensor-shapes.ts';

export type OnnxEngineSettings = {
  /**
   * Resident memory that the process may have: 150 MB are its own with the four models, as much again takes a
   * batch of fifty gradients.
   */
  readonly memoryBytes: number;
  /** A file is read and loaded in so long; with 1.5 MB it takes 10 ms. */
  readonly checkTimeoutMs: number;
  /** Before a process that follows one which a model ended; twice as long after each further one. */
  readonly restartMs: number;
  /** Without a run, the process ends: its memory is worth more than the 0.3 s of the next start. */
  readonly idleMs: number;
};

const DEFAULTS: OnnxEngineSettings = {
  memoryBytes: 1.5 * 1024 ** 3,
  checkTimeoutMs: 30_000,
  restartMs: 100,
  idleMs: 5 * 60_000,
};
const RESTART_LIMIT_MS = 10_000;
const FAILURES_LIMIT = 3;
/** What a model does to the process, not to its own answer. */
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

export function createOnnxEngine(given: Partial<OnnxEngineSettings> = {}): Engine {
  const settings = { ...DEFAULTS, ...given };
  /** Failures of a model in a row, by digest. */
  const failures = new Map<string, { readonly trial: string | undefined; readonly count: number }>();
  const failuresOf = ({ digest, trial }: EngineModel): number => {
    const known = failures.get(digest);
    return known !== undefined && known.trial === trial ? known.count : 0;
  };
  const closing = new AbortController();
  let current: EngineProcess | null = null;
  let turn: Promise<unknown> = Promise.resolve();
  let idle: NodeJS.Timeout | undefined;
  /** Ends of a process in a row, without an answer between them. */
  let ends = 0;
  const counts = { crashes: 0, runs: 0, pending: 0, residentBytes: 0 };

  /** The next run has another process, even if this one has not ended yet. */
  function drop(running: EngineProcess | null): void {
    if (current === running) current = null;
    running?.kill();
  }

  async function processNow(): Promise<EngineProcess> {
    if (current !== null) return current;
    if (ends > 0)
      await delay(Math.min(settings.restartMs * 2 ** (ends - 1), RESTART_LIMIT_MS), null, {
        signal: closing.signal,
      });
    const started = await startEngineProcess(settings.memoryBytes);
    current = started;
    void started.ended.then(() => drop(started));
    return started;
  }

  /** The answer, or how the process ended; `isLate`: by our hand, because of the time. */
  async function ask({
    model,
    input,
    timeoutMs,
    signal,
  }: Work): Promise<{ answer: EngineAnswer | Ended; isLate: boolean }> {
    const running = await processNow().catch((error: Error) => {
      throw new EngineFault('model-unavailable', model.digest, error.message);
    });
    const calledOff = AbortSignal.any([signal, closing.signal]);
    calledOff.throwIfAborted();
    let isLate = false;
    const end = (): void => drop(running);
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

  async function perform(work: Work): Promise<Outputs> {
    const { digest } = work.model;
    if (work.input !== null && failuresOf(work.model) >= FAILURES_LIMIT)
      throw new EngineFault('model-failed', digest);
    const { answer, isLate } = await ask(work);
    if (answer.kind === 'ended') {
      work.signal.throwIfAborted();
      closing.signal.throwIfAborted();
      ends += 1;
      counts.crashes += 1;
      return fail(
        isLate ? 'model-timeout' : answer.signal === MEMORY_SIGNAL ? 'model-out-of-memory' : 'model-crashed',
        work.model,
      );
    }
    ends = 0;
    counts.residentBytes = answer.residentBytes;
    if (answer.kind === 'fault') return fail(answer.code, work.model, answer.detail ?? undefined);
    if (work.input !== null) {
      failures.delete(digest);
      counts.runs += 1;
    }
    return answer.outputs;
  }

  function fail(code: EngineFaultCode, model: EngineModel, detail?: string): never {
    if (FAILURES.has(code)) failures.set(model.digest, { trial: model.trial, count: failuresOf(model) + 1 });
    throw new EngineFault(code, model.digest, detail);
  }

  /** Takes its turn; who calls it off while it waits is answered at once. */
  async function inTurn(work: Work): Promise<Outputs> {
    const calledOff = AbortSignal.any([work.signal, closing.signal]);
    calledOff.throwIfAborted();
    clearTimeout(idle);
    counts.pending += 1;
    const done = turn.then(() => {
      calledOff.throwIfAborted();
      return perform(work);
    });
    turn = done
      .catch(() => undefined)
      .then(() => {
        counts.pending -= 1;
        if (counts.pending === 0) idle = setTimeout(() => drop(current), settings.idleMs).unref();
      });
    const off = Promise.withResolvers<never>();
    const callOff = (): void => off.reject(calledOff.reason);
    calledOff.addEventListener('abort', callOff);
    return Promise.race([done, off.promise]).finally(() => calledOff.removeEventListener('abort', callOff));
  }

  return {
    runtime: `onnxruntime-node ${runtimeVersion()}`,
    async check(model, signal) {
      await inTurn({ model, input: null, timeoutMs: settings.checkTimeoutMs, signal });
    },
    async run(model, input, { timeoutMs, signal }) {
      batchOf(model, input);
      return inTurn({ model, input, timeoutMs, signal });
    },
    state: () => ({
      ...counts,
      pid: current?.pid ?? null,
      residentBytes: current === null ? 0 : counts.residentBytes,
    }),
    async close() {
      closing.abort(new Error('the engine is closed'));
      clearTimeout(idle);
      await turn;
      const last = current;
      drop(last);
      await last?.ended;
    },
  };
}

const runtimeVersion = (): string =>
  String(createRequire(import.meta.url)('onnxruntime-node/package.json').version);
