/**
 * For the tests of inference: forms with images of one grey, the end of a job, and an engine that does as it
 * is told.
 */
import type { Job } from '#shared/protocol/inference.ts';
import type { TestGateway } from './open-gateway.ts';
import { EngineFault, type Engine, type EngineFaultCode, type EngineModel } from '../ports/engine/engine.ts';
import { encodePng } from '../images/encode-png.ts';

/** A PNG of one grey: no two greys are the same input. */
export function greyFile(value: number, side = 96): Uint8Array<ArrayBuffer> {
  return encodePng({ width: side, height: side, channels: 1, data: new Uint8Array(side * side).fill(value) });
}

export function formOf(
  files: readonly Uint8Array[],
  fields: Readonly<Record<string, string>> = {},
): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  for (const file of files)
    form.append('file', new Blob([file as Uint8Array<ArrayBuffer>]), 'PLANTED^NAME.png');
  return form;
}

/** Every state of the job in the stream, until the stream ends. */
export async function followed(gateway: TestGateway, token: string, id: string): Promise<Job[]> {
  const answer = await gateway.call('GET', `/jobs/${id}/events`, { token });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.text())
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => JSON.parse(line.slice(6)) as Job);
}

/** The job when it has ended. */
export async function lastOf(gateway: TestGateway, token: string, id: string): Promise<Job> {
  return (await followed(gateway, token, id)).at(-1)!;
}

type Conduct = 'answers' | 'hangs' | EngineFaultCode;
export type TestEngine = Engine & {
  conduct: Conduct;
  /** The faults of the next images, in their order: until these are used up, `conduct` does not count. */
  faultsFirst: EngineFaultCode[];
  /** Callers wait for it. */
  start: () => Promise<void>;
  readonly inputs: number[];
  readonly trials: Pick<EngineModel, 'digest' | 'trial'>[];
};

/**
 * Says "a hand" of every image, unless it is told to do otherwise. It remembers how bright each one was, and
 * in which trial of which model it ran.
 */
export function createTestEngine(): TestEngine {
  const engine: TestEngine = {
    runtime: 'a test',
    conduct: 'answers',
    faultsFirst: [],
    inputs: [],
    trials: [],
    check: async () => undefined,
    async run({ digest, trial, outputs }, input, { signal }) {
      engine.trials.push({ digest, ...(trial === undefined ? {} : { trial }) });
      engine.inputs.push(Math.round((input.data[0] ?? 0) * 255));
      const conduct = engine.faultsFirst.shift() ?? engine.conduct;
      if (conduct === 'hangs')
        await new Promise(
          (_, reject) =>
            void signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
        );
      else if (conduct !== 'answers') throw new EngineFault(conduct, digest);
      const [times = 1] = input.dims;
      const said = Object.entries(outputs).map(([name, { shape }]) => {
        const dims = [times, ...shape.slice(1)];
        const size = dims.slice(1).reduce((product, length) => product * length, 1);
        const data = new Float32Array(times * size).map((_, at) => (at % size === 2 ? 1 : 0));
        return [name, { dims, data }] as const;
      });
      return Object.fromEntries(said);
    },
    start: async () => undefined,
    ready: () => engine.start(),
    state: () => ({ pid: null, crashes: 0, runs: 0, pending: 0, residentBytes: 0 }),
    close: async () => undefined,
  };
  return engine;
}
