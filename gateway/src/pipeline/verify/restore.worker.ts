/** The thread that restores what came coded: message glue, the work is shared/src/transfer/coding. */
import { parentPort } from 'node:worker_threads';
import { CodingError } from '#shared/transfer/coding/coded-format.ts';
import { restoreInstance } from '#shared/transfer/coding/restore-instance.ts';
import { toOwn, type Asked, type FromThread, type ToThread } from './restore-thread.ts';

const port = parentPort!;
type Job = { readonly questions: Map<number, PromiseWithResolvers<Uint8Array>>; isStopped: boolean };
const jobs = new Map<number, Job>();
const unwanted = (): Error => new Error('nobody wants it any more');

port.on('message', (message: ToThread) => {
  if (message.kind === 'restore') return void restore(message);
  const job = jobs.get(message.id);
  if (job === undefined) return;
  if (message.kind === 'answer') return job.questions.get(message.question)?.resolve(message.bytes);
  job.isStopped = true;
  for (const { reject } of job.questions.values()) reject(unwanted());
});

async function restore({ id, size, encoding, bytes }: Extract<ToThread, { kind: 'restore' }>): Promise<void> {
  const say = (message: FromThread, given: ArrayBuffer[] = []): void => port.postMessage(message, given);
  const job: Job = { questions: new Map(), isStopped: false };
  let count = 0;
  jobs.set(id, job);
  const ask = async (what: Asked, given: ArrayBuffer[] = []): Promise<Uint8Array> => {
    if (job.isStopped) throw unwanted();
    const question = (count += 1);
    const asked = Promise.withResolvers<Uint8Array>();
    job.questions.set(question, asked);
    say({ id, question, ...what }, given);
    return asked.promise.finally(() => job.questions.delete(question));
  };
  try {
    const source = { size, read: (offset: number, length: number) => ask({ kind: 'read', offset, length }) };
    for await (const made of restoreInstance(source, encoding, bytes)) {
      const piece = toOwn(made);
      await ask({ kind: 'piece', piece }, [piece.buffer]);
    }
    say({ id, kind: 'end' });
  } catch (error) {
    say({ id, kind: 'fault', isDamage: error instanceof CodingError, what: error instanceof Error ? error.message : 'unknown' });
  } finally {
    jobs.delete(id);
  }
}
