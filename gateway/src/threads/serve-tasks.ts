/** The thread's side of a kept thread (thread.ts). */
import { parentPort } from 'node:worker_threads';
import type { FromThread, Given, Talk, ToThread } from './thread.ts';

/** Asks the other side from within a task. Rejects where the task was given up. */
export type Ask<T extends Talk> = (question: Given<T['question']>) => Promise<T['reply']>;
/** May throw anything: the other side learns only the error's name and where it was thrown. */
type Work<T extends Talk> = (
  task: T['task'],
  ask: Ask<T>,
  isOver: AbortSignal,
) => Promise<Given<T['answer']>>;

type Begun<T extends Talk> = {
  readonly awaited: Map<number, PromiseWithResolvers<T['reply']>>;
  readonly over: AbortController;
};

/** To be called once, by the thread's script. */
export function serveTasks<T extends Talk>(work: Work<T>): void {
  const port = parentPort!;
  const say: Say<T> = (message, moved = []) => port.postMessage(message, moved);
  const tasks = new Map<number, Begun<T>>();

  const begin = async (id: number, task: T['task']): Promise<void> => {
    const begun: Begun<T> = { awaited: new Map(), over: new AbortController() };
    tasks.set(id, begun);
    try {
      const { value, moved } = await work(task, createAsk(id, begun, say), begun.over.signal);
      say({ id, kind: 'answer', answer: value }, moved);
    } catch (error) {
      say(
        begun.over.signal.aborted ? { id, kind: 'stopped' } : { id, kind: 'fault', ...describeFault(error) },
      );
    } finally {
      tasks.delete(id);
    }
  };

  port.on('message', (message: ToThread<T>) => {
    if (message.kind === 'task') return void begin(message.id, message.task);
    const task = tasks.get(message.id);
    if (message.kind === 'reply') return task?.awaited.get(message.to)?.resolve(message.reply);
    // The task may have ended while this message was on its way.
    if (task === undefined) return say({ id: message.id, kind: 'stopped' });
    task.over.abort();
    for (const { reject } of task.awaited.values()) reject(task.over.signal.reason);
  });
}

type Say<T extends Talk> = (message: FromThread<T>, moved?: ArrayBuffer[]) => void;

function createAsk<T extends Talk>(id: number, { awaited, over }: Begun<T>, say: Say<T>): Ask<T> {
  let count = 0;
  return async ({ value, moved }) => {
    over.signal.throwIfAborted();
    count += 1;
    const number = count;
    const reply = Promise.withResolvers<T['reply']>();
    awaited.set(number, reply);
    say({ id, kind: 'question', number, question: value }, moved);
    return reply.promise.finally(() => awaited.delete(number));
  };
}

/** An error's message may contain anything, so only its name and its stack frames are passed on. */
function describeFault(error: unknown): { readonly name: string; readonly stack: string } {
  if (!(error instanceof Error)) return { name: typeof error, stack: '' };
  const frames = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  return { name: error.name, stack: frames.join('\n') };
}
