/**
 * Judging instances in threads of their own, in each one after the other: a header may have 64 MiB and half a
 * million elements, and parsing it and de-identifying it again takes seconds. So the thread that answers everybody
 * stands still for none of them, and an instance that ends its thread is known for it, since it was alone.
 *
 * An account has one thread at a time: one whose instances are slow holds up only its own.
 */
import { createFairLine } from '../../threads/fair-line.ts';
import { giving, keepThread, type Given } from '../../threads/thread.ts';
import type { CheckInstance, PolicyRules, PromisedIdentity, Verdict } from '../pipeline-tools.ts';

type Bytes = Uint8Array<ArrayBuffer>;
export type CheckTalk = {
  readonly task: {
    readonly size: number;
    readonly promised: PromisedIdentity;
    readonly rules: PolicyRules;
  };
  readonly question: { readonly offset: number; readonly length: number };
  readonly reply: Bytes;
  readonly answer: Verdict;
};

/** Half a million elements with their plan need 250 MB (measured); the header itself lies beside the heap. */
const HEAP_MB = 320;

/** One for an account whose instances are slow, and one for everybody else. */
const THREADS = 2;

type Limits = { readonly heapMb?: number; readonly silentMs?: number; readonly idleMs?: number };

/** `projectKey`: of the pseudonyms, 32 bytes. */
export function createCheckThread(projectKey: Uint8Array, limits: Limits = {}): CheckInstance {
  const script = new URL('./check.worker.ts', import.meta.url);
  const threads = Array.from({ length: THREADS }, () =>
    keepThread<CheckTalk>(script, { heapMb: HEAP_MB, ...limits, data: { projectKey } }),
  );
  const line = createFairLine(threads);
  return (source, promised, rules, { account, signal }) => {
    const reply = async ({ offset, length }: CheckTalk['question']): Promise<Given<Bytes>> => {
      // A copy: what moves to the thread is gone here, and the instance is still needed.
      const bytes = new Uint8Array(await source.read(offset, length));
      return giving(bytes, bytes.buffer);
    };
    const task = { size: source.size, promised: onlyIdentity(promised), rules };
    return line(account, (thread) => thread.do(giving(task), reply, signal));
  };
}

const onlyIdentity = (promised: PromisedIdentity): PromisedIdentity => ({
  study_instance_uid: promised.study_instance_uid,
  series_instance_uid: promised.series_instance_uid,
  sop_instance_uid: promised.sop_instance_uid,
  sop_class_uid: promised.sop_class_uid,
  transfer_syntax_uid: promised.transfer_syntax_uid,
});
