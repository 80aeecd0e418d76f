/**
 * The work on anonymous exports that takes seconds for tens of thousands of cases, in a thread of its own: groups of
 * rows, cleaning of what was typed, and the search of the finished file.
 */
import type { ExportFormat } from '#shared/protocol/exports.ts';
import { giving, keepThread, type Given } from '../../threads/thread.ts';
import type { Cell as Place } from './find-cell.ts';
import type { Identity } from './identity-texts.ts';
import type { QuasiLabels, Subject } from './quasi-identifiers.ts';

/** `kinds`: for each row, the place of its subject. */
export type GroupTask = {
  readonly subjects: readonly Subject[];
  readonly kinds: Uint32Array;
  /** Of each row the share in its person (make-anonymous.ts). */
  readonly shares: Float64Array;
  readonly k: number;
};
/** By subject; and the places of the rows to write, in their order. */
export type Grouped = {
  readonly labels: readonly (QuasiLabels | null)[];
  readonly order: Uint32Array<ArrayBuffer>;
};
/** The typed texts of one case. */
export type TypedOfCase = { readonly identity: Identity; readonly texts: readonly string[] };
/** `ordinary`: words of the file that are nobody's. */
export type SearchTask = { readonly format: ExportFormat; readonly ordinary: readonly string[] };

export type AnonymousTalk = {
  readonly task:
    | ({ readonly kind: 'group' } & GroupTask)
    | { readonly kind: 'clean'; readonly cases: readonly TypedOfCase[] }
    | ({ readonly kind: 'search' } & SearchTask);
  /** The next identities, or bytes of the file. */
  readonly question: 'identities' | 'bytes';
  /** null: there are no more. */
  readonly reply: readonly Identity[] | Uint8Array | null;
  readonly answer: Grouped | readonly (readonly string[])[] | Place | null;
};

export type AnonymousThread = {
  group(task: GroupTask, signal: AbortSignal): Promise<Grouped>;
  /** By case, parallel to its texts; '' where nothing of a text may stay. */
  clean(cases: readonly TypedOfCase[], signal: AbortSignal): Promise<readonly (readonly string[])[]>;
  /** The first cell that holds an identity. */
  search(task: SearchTask, source: Searched, signal: AbortSignal): Promise<Place | null>;
};
export type Searched = {
  readonly identities: Iterable<readonly Identity[]>;
  readonly file: AsyncIterable<Uint8Array>;
};

export function createAnonymousThread(): AnonymousThread {
  const thread = keepThread<AnonymousTalk>(new URL('./anonymous.worker.ts', import.meta.url));
  const noReply = () => Promise.reject(new Error('it asks nothing'));
  return {
    group: async (task, signal) =>
      (await thread.do(giving({ kind: 'group', ...task }), noReply, signal)) as Grouped,
    clean: async (cases, signal) =>
      (await thread.do(giving({ kind: 'clean', cases }), noReply, signal)) as readonly (readonly string[])[],
    async search(task, { identities, file }, signal) {
      const pages = identities[Symbol.iterator]();
      const pieces = file[Symbol.asyncIterator]();
      const reply = async (question: AnonymousTalk['question']): Promise<Given<AnonymousTalk['reply']>> => {
        const next = question === 'identities' ? pages.next() : await pieces.next();
        return giving(next.done === true ? null : next.value);
      };
      try {
        return (await thread.do(giving({ kind: 'search', ...task }), reply, signal)) as Place | null;
      } finally {
        await pieces.return?.();
      }
    },
  };
}
