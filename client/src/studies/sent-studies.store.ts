/**
 * The studies that this account sent from any device, or for people who only watch those of the whole site, as the
 * gateway tells them: newest first, page by page (keyset, `GET /studies`). Without an answer it keeps what it knows
 * and says so.
 */
import { signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { SentStudy } from '#shared/protocol/studies.ts';
import { Unreachable, type ApiClient } from '../net/api-client.ts';
import { readDays } from './read-days.ts';

/** `refused`: the gateway answered with a refusal. */
export type SentPhase = 'unasked' | 'asking' | 'known' | 'unreachable' | 'refused';

export interface SentStudiesStore {
  readonly whose: WhoseStudies;
  readonly studies: ReadonlySignal<readonly SentStudy[]>;
  readonly phase: ReadonlySignal<SentPhase>;
  readonly hasMore: ReadonlySignal<boolean>;
  /** The first page again; pages below it that are known stay. Never throws. */
  refresh(): Promise<void>;
  /** The following page. Never throws. */
  more(): Promise<void>;
  /** Also those that the gateway finds by a day, a part of a UID, an upload, a receipt or a sender. Never throws. */
  find(text: string, now: Date): Promise<void>;
  close(): void;
}

/** The gateway gives at most 200 at once. */
const PAGE = 100;
/** The gateway takes this for `q`; nothing shorter is asked for, because a few digits are in every UID. */
const FINDABLE = /^[\w.-]{5,64}$/;
/** Of the whole site also by the sender's name, which may be short. */
const FINDABLE_AT_SITE = /^[\p{L}\p{N}_.@ -]{3,64}$/u;

export type WhoseStudies = 'own' | 'of-the-site';

type State = {
  readonly api: Pick<ApiClient, 'json'>;
  /** The query that every page has. */
  readonly page: string;
  readonly byUid: Map<string, SentStudy>;
  readonly studies: Signal<readonly SentStudy[]>;
  readonly phase: Signal<SentPhase>;
  readonly next: Signal<string | null>;
  readonly hasMore: Signal<boolean>;
  readonly closed: AbortController;
};

export function createSentStudies(
  api: Pick<ApiClient, 'json'>,
  whose: WhoseStudies = 'own',
): SentStudiesStore {
  const state: State = {
    api,
    page: `limit=${PAGE}${whose === 'own' ? '' : '&all=1'}`,
    byUid: new Map(),
    studies: signal([]),
    phase: signal<SentPhase>('unasked'),
    next: signal(null),
    hasMore: signal(false),
    closed: new AbortController(),
  };
  return {
    whose,
    studies: state.studies,
    phase: state.phase,
    hasMore: state.hasMore,
    refresh: () => ask(state, '', 'first'),
    async more() {
      const cursor = state.next.peek();
      if (cursor === null || state.phase.peek() === 'asking') return;
      await ask(state, `&cursor=${encodeURIComponent(cursor)}`, 'next');
    },
    async find(text, now) {
      for (const day of readDays(text, now).days) {
        const from = new Date(day);
        const to = new Date(from.getFullYear(), from.getMonth(), from.getDate() + 1);
        await ask(state, `&from=${from.toISOString()}&to=${to.toISOString()}`, 'found');
      }
      if ((whose === 'own' ? FINDABLE : FINDABLE_AT_SITE).test(text))
        await ask(state, `&q=${encodeURIComponent(text)}`, 'found');
    },
    close: () => state.closed.abort(),
  };
}

async function ask(state: State, query: string, which: 'first' | 'next' | 'found'): Promise<void> {
  const { api, page: limits, byUid, studies, phase, next, hasMore, closed } = state;
  if (which !== 'found') phase.value = 'asking';
  try {
    const { sentStudiesSchema } = await import('#shared/protocol/studies.ts');
    const page = await api.json(`/studies?${limits}${query}`, sentStudiesSchema, { signal: closed.signal });
    const meets = page.studies.some(({ studyInstanceUID }) => byUid.has(studyInstanceUID));
    // Where the first page meets the pages that were read, those stay, and so does the place where they end.
    if (which === 'first' && !meets) byUid.clear();
    if (which === 'next' || (which === 'first' && !meets)) next.value = page.next;
    hasMore.value = next.value !== null;
    for (const study of page.studies) byUid.set(study.studyInstanceUID, study);
    studies.value = [...byUid.values()].sort((a, b) => b.lastSentAt.localeCompare(a.lastSentAt));
    if (which !== 'found') phase.value = 'known';
  } catch (error) {
    if (closed.signal.aborted || which === 'found') return;
    phase.value = error instanceof Unreachable ? 'unreachable' : 'refused';
  }
}
