/** Reads the Patient ID of an instance in a thread of its own: the bytes come from the PACS, and may be large. */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { giving, keepThread, toOwn } from '../threads/thread.ts';

type Bytes = Uint8Array<ArrayBuffer>;
export type PseudonymTalk = {
  readonly task: Bytes;
  readonly question: never;
  readonly reply: never;
  /** null: the instance has none, or cannot be read. */
  readonly answer: string | null;
};
export type ReadPatientId = (bytes: Uint8Array, signal: AbortSignal) => Promise<string | null>;

export function createPseudonymThread(): ReadPatientId {
  const thread = keepThread<PseudonymTalk>(new URL('./pseudonym.worker.ts', import.meta.url));
  const noReply = () => Promise.reject(new Error('it asks nothing'));
  return async (bytes, signal) => {
    const own = toOwn(bytes);
    const read = thread.do(giving(own, own.buffer), noReply, signal);
    return (await ignoreFailure(read, 'a receipt without the pseudonym is as good')) ?? null;
  };
}
