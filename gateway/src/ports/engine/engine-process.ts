/**
 * The process in which models run: onnxruntime on one thread, one question after the other. Its argument is the limit
 * of its memory in bytes.
 *
 * It answers every question that a model lets it answer: with outputs that agree with the card, or with the code of a
 * fault. It keeps nothing but loaded models, has an empty environment, opens only the file that it is asked to read,
 * and ends with the gateway.
 */
import { Worker } from 'node:worker_threads';
import type { EngineAnswer, EngineQuestion, EngineStart } from './engine-messages.ts';
import type { GuardOrders } from './engine-guard.ts';
import { openSessions, SessionFault } from './sessions.ts';

const say = (message: EngineAnswer | EngineStart): void => void process.send?.(message);
const orders: GuardOrders = { memoryBytes: Number(process.argv[2]), parentPid: process.ppid };
new Worker(new URL('./engine-guard.ts', import.meta.url), { workerData: orders });
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));

try {
  const sessions = await openSessions();
  process.on('message', (question: EngineQuestion) => void answer(question, sessions).then(say));
  say({ kind: 'ready' });
} catch (error) {
  say({ kind: 'not-ready', detail: error instanceof Error ? error.message : 'no reason is known' });
}

type Sessions = Awaited<ReturnType<typeof openSessions>>;

async function checkOrRun({ model, input }: EngineQuestion, sessions: Sessions) {
  if (input !== null) return sessions.run(model, input);
  await sessions.check(model);
  return {};
}

async function answer(question: EngineQuestion, sessions: Sessions): Promise<EngineAnswer> {
  try {
    const outputs = await checkOrRun(question, sessions);
    return { kind: 'done', outputs, residentBytes: process.memoryUsage.rss() };
  } catch (error) {
    if (!(error instanceof SessionFault)) throw error;
    return {
      kind: 'fault',
      code: error.code,
      detail: error.detail,
      residentBytes: process.memoryUsage.rss(),
    };
  }
}
