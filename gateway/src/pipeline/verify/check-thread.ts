/**
 * Judges instances in threads of their own, one after the other in each: a header may have 64 MiB and half a million
 * elements, and parsing it and de-identifying it again takes seconds. So the main thread is never blocked, and an
 * instance that ends its thread can be identified, because it was alone there.
 *
 * An account has one thread at a time, so slow instances hold up only their own account. A suspect is judged in a
 * process of its own, alone among the suspects. Only one instance with a large header is judged at a time, no matter
 * whose it is: two of the largest would take more memory than the gateway may use. The others wait without a thread.
 */
import { DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN } from '#shared/dicom/registry.ts';
import { createFairLine } from '../../threads/fair-line.ts';
import { giving, type ThreadOptions } from '../../threads/thread.ts';
import { createVerifyThreads } from './verify-threads.ts';
import type { CheckInstance, PolicyRules, PromisedIdentity, Verdict } from '../plan/pipeline-tools.ts';

type Bytes = Uint8Array<ArrayBuffer>;
export type CheckTalk = {
  readonly task: {
    readonly size: number;
    readonly account: string;
    readonly promised: PromisedIdentity;
    readonly rules: PolicyRules;
  };
  readonly question: { readonly offset: number; readonly length: number };
  readonly reply: Bytes;
  readonly answer: Verdict;
};

/** Half a million elements with their plan need 250 MB (measured); the header itself is stored outside the heap. */
const HEAP_MB = 320;

/**
 * A header counts as large once more than this is read. Fewer bytes have some 130 000 elements at most, which need 70
 * MB. A deflated header may be large however little is read.
 */
const SMALL_HEADER_BYTES = 1024 ** 2;
const DEFLATED = Buffer.from(DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN);

/** The header turned out to be large; the instance is judged again when it is alone. */
class LargeHeader extends Error {}

export function createCheckThread({
  script = new URL('./check.worker.ts', import.meta.url),
  ...options
}: ThreadOptions & { readonly script?: URL } = {}): CheckInstance {
  const enter = createVerifyThreads<CheckTalk>(script, { heapMb: HEAP_MB, ...options });
  const large = createFairLine(['one large header']);
  return (source, promised, rules, turn) => {
    const { account, signal } = turn;
    const task = { size: source.size, account, promised: onlyIdentity(promised), rules };
    const judge = (mayBeLarge: boolean) =>
      enter(turn, async (thread) => {
        let readBytes = 0;
        const reply = async ({ offset, length }: CheckTalk['question']) => {
          // A copy, because bytes that move to the thread are gone here, and the instance is still needed.
          const read = await source.read(offset, length);
          const bytes = new Uint8Array(read);
          source.giveBack?.(read);
          readBytes += bytes.length;
          if (!mayBeLarge && isLarge(bytes, readBytes)) throw new LargeHeader();
          return giving(bytes, bytes.buffer);
        };
        return thread.do(giving(task), reply, signal);
      });
    return judge(false).catch((error: unknown) => {
      if (error instanceof LargeHeader) return large(account, () => judge(true));
      throw error;
    });
  };
}

const isLarge = (bytes: Bytes, readBytes: number): boolean =>
  readBytes > SMALL_HEADER_BYTES || Buffer.from(bytes.buffer).includes(DEFLATED);

const onlyIdentity = (promised: PromisedIdentity): PromisedIdentity => ({
  study_instance_uid: promised.study_instance_uid,
  series_instance_uid: promised.series_instance_uid,
  sop_instance_uid: promised.sop_instance_uid,
  sop_class_uid: promised.sop_class_uid,
  transfer_syntax_uid: promised.transfer_syntax_uid,
});
