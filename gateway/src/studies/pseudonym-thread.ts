/**
 * Reads the Patient ID of an instance from the PACS in a thread of its own, because the file may be large. The thread
 * checks the file's hash first.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { giving, keepThread, toOwn } from '../threads/thread.ts';

type Fetched = {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The SHA-256 that the bytes must have, hexadecimal. */
  readonly digest: string;
};
export type PseudonymTalk = {
  readonly task: Fetched;
  readonly question: never;
  readonly reply: never;
  /** null: the instance has no Patient ID, cannot be read, or has another digest. */
  readonly answer: string | null;
};
export type ReadPatientId = (fetched: Fetched, signal: AbortSignal) => Promise<string | null>;

export function createPseudonymThread(): ReadPatientId {
  const thread = keepThread<PseudonymTalk>(new URL('./pseudonym.worker.ts', import.meta.url));
  const noReply = () => Promise.reject(new Error('it asks nothing'));
  return async ({ bytes, digest }, signal) => {
    const own = toOwn(bytes);
    const read = thread.do(giving({ bytes: own, digest }, own.buffer), noReply, signal);
    return (await ignoreFailure(read, 'a receipt without the pseudonym is as good')) ?? null;
  };
}
