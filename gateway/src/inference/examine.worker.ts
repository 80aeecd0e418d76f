/** The thread that looks at images: message glue, the work is examination.ts. */
import { parentPort } from 'node:worker_threads';
import type { RunModel } from '#shared/models/model.ts';
import { loadCodecs } from '#shared/pixels/load-codecs.ts';
import { examineImage, showImage } from './examination.ts';
import type { Asked, FromThread, Outputs, RunRole, ToThread } from './examine-thread.ts';

const port = parentPort!;
const codecs = loadCodecs();
type Task = { readonly runs: Map<number, PromiseWithResolvers<Outputs>>; readonly stopping: AbortController };
const tasks = new Map<number, Task>();

port.on('message', (message: ToThread) => {
  if (message.kind === 'examine' || message.kind === 'show') return void work(message.id, message);
  const task = tasks.get(message.id);
  if (message.kind === 'outputs') return task?.runs.get(message.run)?.resolve(message.outputs);
  task?.stopping.abort();
  for (const { reject } of task?.runs.values() ?? []) reject(task?.stopping.signal.reason);
  if (task === undefined) port.postMessage({ id: message.id, kind: 'stopped' } satisfies FromThread);
});

async function work(id: number, asked: Asked): Promise<void> {
  const say = (message: FromThread): void => port.postMessage(message);
  const task: Task = { runs: new Map(), stopping: new AbortController() };
  tasks.set(id, task);
  const { signal } = task.stopping;
  let count = 0;
  const run = (role: RunRole): RunModel => async (input) => {
    signal.throwIfAborted();
    const number = (count += 1);
    const outputs = Promise.withResolvers<Outputs>();
    task.runs.set(number, outputs);
    say({ id, kind: 'run', run: number, role, input });
    return outputs.promise.finally(() => task.runs.delete(number));
  };
  try {
    const answer = asked.kind === 'examine'
      ? await examineImage(asked.question, run, codecs, signal)
      : await showImage(asked.bytes, asked.frame, asked.sideLimit, codecs, signal);
    say({ id, kind: 'done', answer });
  } catch (error) {
    // The message may hold anything; the frames do not.
    const stack = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at ')).join('\n') : '';
    say(signal.aborted ? { id, kind: 'stopped' } : { id, kind: 'fault', what: error instanceof Error ? error.name : typeof error, stack });
  } finally {
    tasks.delete(id);
  }
}
