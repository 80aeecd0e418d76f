/**
 * Tries a policy in a thread of its own, one sample after the other. A sample may have 64 MiB of header and half a
 * million elements, which are parsed twice and de-identified twice. The gateway goes on answering meanwhile, and a
 * sample that crashes the thread does no other harm.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { ByteSource } from '#shared/dicom/data-set.ts';
import type { PolicyDocument, PolicyTrial } from '#shared/protocol/policy.ts';
import { giving, keepThread, ThreadEnded, type Given } from '../threads/thread.ts';

type Bytes = Uint8Array<ArrayBuffer>;
/** The part of a policy that decides about an instance. */
export type TriedPolicy = Pick<PolicyDocument, 'deidentify' | 'options' | 'rules' | 'patientDomain'>;
export type TryTalk = {
  readonly task: { readonly size: number; readonly policy: TriedPolicy };
  readonly question: { readonly offset: number; readonly length: number };
  readonly reply: Bytes;
  readonly answer: PolicyTrial;
};

/**
 * A sample that crashes the thread counts as quarantined, as in verify. Throws the signal's reason, and where the
 * policy is not possible.
 */
export type TryPolicy = (
  sample: ByteSource,
  policy: TriedPolicy,
  signal: AbortSignal,
) => Promise<PolicyTrial>;

type Limits = { readonly heapMb?: number };

export function createTryThread(limits: Limits = {}): TryPolicy {
  const script = new URL('./try.worker.ts', import.meta.url);
  const thread = keepThread<TryTalk>(script, limits);
  let before: Promise<unknown> = Promise.resolve();
  return (sample, policy, signal) => {
    const reply = async ({ offset, length }: TryTalk['question']): Promise<Given<Bytes>> => {
      // Copies the bytes: memory that moves to the thread is gone here, and the sample is read more than once.
      const bytes = new Uint8Array(await sample.read(offset, length));
      return giving(bytes, bytes.buffer);
    };
    const trial = before
      .then(() => thread.do(giving({ size: sample.size, policy }), reply, signal))
      .catch((error: unknown): PolicyTrial => {
        if (error instanceof ThreadEnded) return { outcome: 'quarantined', reason: 'cannot-be-verified' };
        throw error;
      });
    before = ignoreFailure(trial, 'its caller sees it; the next one only waits for its end');
    return trial;
  };
}
