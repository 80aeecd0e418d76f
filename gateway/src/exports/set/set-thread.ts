/**
 * Sets of DICOM instances are made in a thread of their own, one instance after the other. The thread asks for the next
 * study and for each instance, removes the names in the same way as from files of other clients
 * (foreign/files/open-file.ts), and hands over the bytes of the archive. Afterwards it reads the finished archive again
 * and searches it.
 */
import type { LeftOut } from '#shared/protocol/exports.ts';
import { giving, keepThread, type Given } from '../../threads/thread.ts';
import type { OpeningPolicy } from '../../foreign/files/open-talk.ts';
import type { Identity } from '../anonymous/identity-texts.ts';

export type SetHead = {
  readonly title: string;
  readonly policy: { readonly name: string; readonly version: number };
  readonly opening: OpeningPolicy;
};
/** `patient`, `study`: their numbers in the set, counted from 1. */
export type SetStudy = { readonly patient: number; readonly study: number; readonly instances: number };
/** Why an instance is not in the set: the code of a reason, `gone`, or `read-blinded` (findings/blinding.ts). */
export type SetInstance =
  | { readonly kind: 'instance'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'left'; readonly because: 'instance-too-large' | 'gone' | 'read-blinded' };
export type MadeSet = { readonly written: number; readonly left: LeftOut };

export type SetTalk = {
  readonly task:
    | ({ readonly kind: 'make' } & SetHead)
    /** `retainsUids`: whether the policy keeps the UIDs that the PACS has. */
    | ({ readonly kind: 'search'; readonly size: number; readonly retainsUids: boolean } & Pick<
        SetHead,
        'opening'
      >);
  readonly question:
    | { readonly kind: 'study' }
    /** An instance of the latest study, by its index. */
    | { readonly kind: 'instance'; readonly at: number }
    | { readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer> }
    /** The table of the cases, once all studies are written. */
    | { readonly kind: 'table' }
    | { readonly kind: 'read'; readonly offset: number; readonly length: number }
    /** Identities that the instances in this patient's folder must not reveal. */
    | { readonly kind: 'identities'; readonly patient: number };
  readonly reply: SetStudy | SetInstance | readonly Identity[] | Uint8Array<ArrayBuffer> | string | null;
  /** The set made; for a search, the number of the patient in whose folder something was found, or null for nothing. */
  readonly answer: MadeSet | number | null;
};
/** Answers the questions of the thread that makes a set. */
export type SetSource = {
  next(): Promise<SetStudy | null>;
  instance(at: number): Promise<SetInstance>;
  table(): string;
  take(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
};
type SearchedSet = {
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array>;
  identities(patient: number): readonly Identity[];
};

/** Each throws what its source throws, and the signal's reason. */
export type SetThread = {
  make(head: SetHead, source: SetSource, signal: AbortSignal): Promise<MadeSet>;
  /** The number of the patient in whose folder an identity, or anything that the policy removes, was found. */
  search(
    terms: Pick<SetHead, 'opening'> & { readonly retainsUids: boolean },
    set: SearchedSet,
    signal: AbortSignal,
  ): Promise<number | null>;
};

export function createSetThread(): SetThread {
  const thread = keepThread<SetTalk>(new URL('./set.worker.ts', import.meta.url));
  return {
    async make(head, source, signal) {
      const reply = async (question: SetTalk['question']): Promise<Given<SetTalk['reply']>> => {
        if (question.kind === 'study') return giving(await source.next());
        if (question.kind === 'table') return giving(source.table());
        if (question.kind === 'bytes') {
          await source.take(question.bytes);
          return giving(null);
        }
        if (question.kind !== 'instance') throw new Error('a question of a search');
        const found = await source.instance(question.at);
        return found.kind === 'instance' ? giving(found, found.bytes.buffer) : giving(found);
      };
      return (await thread.do(giving({ kind: 'make', ...head }), reply, signal)) as MadeSet;
    },
    async search(terms, set, signal) {
      const reply = async (question: SetTalk['question']): Promise<Given<SetTalk['reply']>> => {
        if (question.kind === 'identities') return giving(set.identities(question.patient));
        if (question.kind !== 'read') throw new Error('a question of a set that is made');
        // This copies the bytes, because a buffer that is transferred to the thread is gone here.
        const bytes = new Uint8Array(await set.read(question.offset, question.length));
        return giving(bytes, bytes.buffer);
      };
      const task = { kind: 'search' as const, size: set.size, ...terms };
      return (await thread.do(giving(task), reply, signal)) as number | null;
    },
  };
}
