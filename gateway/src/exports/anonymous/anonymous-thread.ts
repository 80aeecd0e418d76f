/**
 * The parts of an anonymous export that take seconds for tens of thousands of cases, run in a thread of their own:
 * forming groups of rows, cleaning typed text, and searching the finished file.
 */
import { giving, keepThread, type Given } from '../../threads/thread.ts';
import type { Cell as Place } from './find-cell.ts';
import type { Identity } from './identity-texts.ts';
import type { SearchedFormat } from './search-file.ts';
import type { QuasiLabels, Subject } from './quasi-identifiers.ts';

/** `kinds`: for each row, the index of its subject. */
export type GroupTask = {
  readonly kinds: Uint32Array;
  /** Each row's share of its person (make-anonymous.ts). */
  readonly shares: Float64Array;
  readonly k: number;
};
/**
 * `labels`: the labels of each group. `groups`: the group of each subject that is written. `order`: the indexes of the
 * rows to write, in order.
 */
export type Grouped = {
  readonly labels: readonly QuasiLabels[];
  readonly groups: Uint32Array<ArrayBuffer>;
  readonly order: Uint32Array<ArrayBuffer>;
};
/** The typed texts of one case. */
export type TypedOfCase = { readonly identity: Identity; readonly texts: readonly string[] };
/** `ordinary`: words of the file that belong to no person. */
export type SearchTask = {
  readonly format: SearchedFormat;
  readonly ordinary: readonly string[];
  readonly textsAtOnce: number;
};

export type AnonymousTalk = {
  readonly task:
    | ({ readonly kind: 'group' } & GroupTask)
    | { readonly kind: 'clean'; readonly cases: readonly TypedOfCase[] }
    | ({ readonly kind: 'search' } & SearchTask);
  /** The next subjects, identities, or bytes of the file. */
  readonly question: 'subjects' | 'identities' | 'bytes';
  /** null: there are no more. For the bytes of the file, the next question starts again at the beginning. */
  readonly reply: readonly Subject[] | readonly Identity[] | Uint8Array | null;
  readonly answer: Grouped | readonly (readonly string[])[] | Place | null;
};

export type AnonymousThread = {
  group(task: GroupTask, subjects: Iterable<readonly Subject[]>, signal: AbortSignal): Promise<Grouped>;
  /** One list per case, parallel to its texts; '' where nothing of a text may stay. */
  clean(cases: readonly TypedOfCase[], signal: AbortSignal): Promise<readonly (readonly string[])[]>;
  /** The place of a cell that holds an identity, or null. */
  search(task: Omit<SearchTask, 'textsAtOnce'>, source: Searched, signal: AbortSignal): Promise<Place | null>;
};
type Searched = {
  readonly identities: Iterable<readonly Identity[]>;
  /** Streams the file from its beginning, as often as needed. */
  readonly file: () => AsyncIterable<Uint8Array>;
};

/** This many texts take about 100 MB. */
const TEXTS_AT_ONCE = 400_000;

export function createAnonymousThread({ textsAtOnce = TEXTS_AT_ONCE } = {}): AnonymousThread {
  const thread = keepThread<AnonymousTalk>(new URL('./anonymous.worker.ts', import.meta.url));
  const noReply = () => Promise.reject(new Error('it asks nothing'));
  return {
    async group(task, subjects, signal) {
      const pages = subjects[Symbol.iterator]();
      const reply = async () => giving<AnonymousTalk['reply']>(pages.next().value ?? null);
      return (await thread.do(giving({ kind: 'group', ...task }), reply, signal)) as Grouped;
    },
    clean: async (cases, signal) =>
      (await thread.do(giving({ kind: 'clean', cases }), noReply, signal)) as readonly (readonly string[])[],
    async search(task, { identities, file }, signal) {
      const pages = identities[Symbol.iterator]();
      let pieces = file()[Symbol.asyncIterator]();
      const reply = async (question: AnonymousTalk['question']): Promise<Given<AnonymousTalk['reply']>> => {
        if (question === 'identities') return giving(pages.next().value ?? null);
        const next = await pieces.next();
        if (next.done === true) pieces = file()[Symbol.asyncIterator]();
        return giving(next.done === true ? null : next.value);
      };
      try {
        return (await thread.do(
          giving({ kind: 'search', ...task, textsAtOnce }),
          reply,
          signal,
        )) as Place | null;
      } finally {
        await pieces.return?.();
      }
    },
  };
}
