/** The audit trail: the matching events page by page, the people behind them, and the state of the chain. */
import { signal, type ReadonlySignal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { auditVerdictSchema, type AuditVerdict } from '#shared/protocol/audit-head.ts';
import {
  auditPageSchema,
  auditPeopleSchema,
  auditProgressSchema,
  type AuditNames,
  type AuditPage,
  type AuditPeople,
} from '#shared/protocol/audit-page.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { createPagedList, type PagedList } from '../kit/paged-list.ts';
import { problemOf, type ApiClient } from '../net/api-client.ts';
import { readEvents } from '../net/read-events.ts';
import { queryOf, type AuditQuestion } from './audit-filters.ts';

export type ChainState =
  | { readonly kind: 'unasked' }
  /** `of` 0: the total is not known yet. */
  | { readonly kind: 'checking'; readonly checked: number; readonly of: number }
  | { readonly kind: 'checked'; readonly verdict: AuditVerdict; readonly at: Date }
  /** The response ended before the verdict. */
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'failed'; readonly trouble: Trouble };

export interface AuditStore {
  readonly events: PagedList<AuditPage, Trouble, string>;
  readonly people: ReadonlySignal<AuditPeople['people']>;
  readonly chain: ReadonlySignal<ChainState>;
  /** Loads the first page of this question, to which `more` then refers. */
  load(question: AuditQuestion): Promise<void>;
  more(): Promise<void>;
  loadPeople(): Promise<void>;
  verify(): Promise<void>;
  stopVerifying(): void;
  close(): void;
}

type Api = Pick<ApiClient, 'json' | 'send'>;

/** A trail of up to this many events is checked automatically, as that takes only a second or two. */
export const CHECKED_UNASKED = 20_000;

export function createAuditStore(api: Api, now: () => Date): AuditStore {
  const people = signal<AuditPeople['people']>([]);
  const closed = new AbortController();
  const events = openList(api);
  const chain = openChain(api, now);
  return {
    events,
    people,
    ...chain,
    async load(question) {
      // The end of the period stays what it was at the first request.
      await events.load(queryOf(question, now()));
      const count = events.value.peek()?.newest ?? Infinity;
      if (count <= CHECKED_UNASKED && chain.chain.peek().kind === 'unasked') await chain.verify();
    },
    more: events.more,
    async loadPeople() {
      const asked = api.json('/audit/people', auditPeopleSchema, { signal: closed.signal });
      const answer = await ignoreFailure(asked, 'the list of events says what is wrong');
      if (answer !== undefined) people.value = answer.people;
    },
    close() {
      closed.abort();
      events.close();
      chain.stopVerifying();
    },
  };
}

const openList = (api: Api) =>
  createPagedList<AuditPage, 'rows', Trouble, string>(troubleOf, {
    rows: 'rows',
    idOf: ({ seq }) => seq,
    async read(asked, before, signal) {
      const query = [asked, ...(before === null ? [] : [`before=${before}`])].filter(Boolean).join('&');
      return api.json(query === '' ? '/audit/events' : `/audit/events?${query}`, auditPageSchema, { signal });
    },
    kept: (before, { names }) => ({ names: merged(before.names, names) }),
  });

function merged(known: AuditNames, more: AuditNames): AuditNames {
  return {
    accounts: { ...known.accounts, ...more.accounts },
    keys: { ...known.keys, ...more.keys },
    cases: { ...known.cases, ...more.cases },
    devices: { ...known.devices, ...more.devices },
    destinations: { ...known.destinations, ...more.destinations },
    peers: { ...known.peers, ...more.peers },
    studies: { ...known.studies, ...more.studies },
  };
}

function openChain(api: Api, now: () => Date) {
  const chain = signal<ChainState>({ kind: 'unasked' });
  let checking: AbortController | null = null;
  const verify = async (): Promise<void> => {
    checking?.abort();
    const mine = new AbortController();
    checking = mine;
    chain.value = { kind: 'checking', checked: 0, of: 0 };
    const tell = (state: ChainState): void => {
      if (!mine.signal.aborted) chain.value = state;
    };
    try {
      await followCheck(api, mine.signal, now, tell);
    } catch (error) {
      tell({ kind: 'failed', trouble: troubleOf(error) });
    }
    if (chain.peek().kind === 'checking') tell({ kind: 'interrupted' });
  };
  return {
    chain,
    verify,
    stopVerifying() {
      checking?.abort();
      if (chain.peek().kind === 'checking') chain.value = { kind: 'unasked' };
    },
  };
}

async function followCheck(
  api: Api,
  signal: AbortSignal,
  now: () => Date,
  tell: (state: ChainState) => void,
): Promise<void> {
  const headers = { accept: 'text/event-stream' };
  const answer = await api.send('/audit/verify/events', { headers, signal });
  if (!answer.ok) throw await problemOf(answer);
  if (answer.body === null) return;
  for await (const { event, data } of readEvents(answer.body)) {
    const said: unknown = JSON.parse(data);
    if (event === 'progress') tell({ kind: 'checking', ...auditProgressSchema.parse(said) });
    if (event === 'verdict') tell({ kind: 'checked', verdict: auditVerdictSchema.parse(said), at: now() });
  }
}
