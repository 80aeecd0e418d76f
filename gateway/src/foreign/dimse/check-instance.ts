/**
 * Checks an instance before its sender is told that it is stored. The instance is opened under the policy, as it will
 * be after the association has ended, but only the outcome is kept. So a modality is told at once of an instance that
 * cannot be taken, while it still has the instance.
 */
import type { NotTaken, OpeningPolicy, OpenTalk } from '../files/open-talk.ts';
import type { BegunInstance } from '#shared/ingest/begun-instance.ts';
import type { ByteRange } from '#shared/dicom/data-set.ts';
import type { OpenBlob } from '../../ports/blobs/blobs.ts';
import { createThreadLine } from '../../threads/fair-line.ts';
import { giving, keepThread, ThreadEnded, type Reply } from '../../threads/thread.ts';

type InstanceToCheck = {
  readonly blob: OpenBlob;
  readonly range: ByteRange;
  readonly policy: OpeningPolicy;
  readonly accountId: string;
  /** The UID that the sender states. It must be the UID inside the instance, on which alone the gateway relies. */
  readonly sopInstanceUID: string;
};

/** `of`: the instance that it would have been, if that can be determined. */
export type CheckedOut = Pick<NotTaken, 'state' | 'reason'> & { readonly of?: BegunInstance | undefined };

export type Checks = {
  /** Null: the instance can be taken. Throws the signal's reason, and ThreadNotStarted. */
  check(instance: InstanceToCheck, signal: AbortSignal): Promise<CheckedOut | null>;
  close(): Promise<void>;
};

const SCRIPT = new URL('../files/open-file.worker.ts', import.meta.url);
const NOTHING = new Uint8Array(0);

/** Checks one instance at a time, taking accounts in turn, because an instance is in memory several times over. */
export function createChecks(): Checks {
  const thread = keepThread<OpenTalk>(SCRIPT);
  const line = createThreadLine([thread]);
  return {
    check: (instance, signal) =>
      line(
        instance.accountId,
        async () => {
          const { range, policy, accountId } = instance;
          const left: CheckedOut[] = [];
          const task = {
            ...{ account: accountId, size: range.length, policy, fatal: [] },
            form: { kind: 'instance' } as const,
            from: null,
          };
          try {
            await thread.do(giving(task), readingFrom(instance, left), signal);
          } catch (error) {
            if (error instanceof ThreadEnded) return { state: 'refused', reason: 'cannot-be-opened' };
            throw error;
          }
          return left[0] ?? null;
        },
        signal,
      ),
    close: () => thread.close(),
  };
}

function readingFrom(
  { blob, range, policy, sopInstanceUID }: InstanceToCheck,
  left: CheckedOut[],
): Reply<OpenTalk> {
  return async (question) => {
    if (question.kind === 'leave') left.push({ ...question.entry, of: question.of });
    if (question.kind === 'take' && policy.kind === 'identified') {
      const { instance } = question.opened;
      if (instance.sopInstanceUID !== sopInstanceUID)
        left.push({ state: 'refused', reason: 'identifier-mismatch' });
    }
    // Patients are counted only when the file is opened.
    if (question.kind !== 'read') return giving(NOTHING);
    const { offset, length } = question;
    const bytes = new Uint8Array(
      await blob.read(range.offset + offset, Math.min(length, range.length - offset)),
    );
    return giving(bytes, bytes.buffer);
  };
}
