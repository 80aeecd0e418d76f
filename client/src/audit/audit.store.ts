/** The audit trail: the events that are looked for, a page at a time, who may be behind them, and the chain's state. */
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
  type AuditRow,
} from '#shared/protocol/audit-page.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { createResource, type Resource } from '../kit/resource.ts';
import { problemOf, type ApiClient } from '../net/api-client.ts';
import { readEvents } from '../net/read-events.ts';
import { queryOf, type AuditQuestion } from './audit-filters.ts';

export type ShownEvents = {
  readonly rows: readonly AuditRow[];
  readonly names: AuditNames;
  readonly next: string | null;
  /** The study that was asked for. */
  readonly study: AuditPage['study'];
  /** The number of the trail's last event. */
  readonly newest: number;
  readonly readingsPending: boolean;
};

export type ChainState =
  | { readonly kind: 'unasked' }
  /** `of` 0: nothing is known yet. */
  | { readonly kind: 'checking'; readonly checked: number; readonly of: number }
  | { readonly kind: 'checked'; readonly verdict: AuditVerdict; readonly at: Date }
  /** The answer ended before the verdict. */
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'failed'; readonly trouble: Trouble };

export interface AuditStore {
  readonly events: Resource<ShownEvents, Trouble>;
  readonly people: ReadonlySignal<AuditPeople['people']>;
  readonly chain: ReadonlySignal<ChainState>;
  /** The first page, for this question from now on. */
  load(question: AuditQuestion): Promise<void>;
  more(): Promise<void>;
  loadPeople(): Promise<void>;
  verify(): Promise<void>;
  stopVerifying(): void;
  close(): void;
}

type Api = Pick<ApiClient, 'json' | 'send'>;

/** A trail of so many events is checked in a second or two, without being asked. */
export const CHECKED_UNASKED = 20_000;

export function createAuditStore(api: Api, now: () => Date): AuditStore {
  const people = signal<AuditPeople['people']>([]);
  const closed = new AbortController();
  const list = openList(api, now);
  const chain = openChain(api, now);
  return {
    ...list,
    people,
    ...chain,
    async load(question) {
      await list.load(question);
      const count = list.events.value.peek()?.newest ?? Infinity;
      if (count <= CHECKED_UNASKED && chain.chain.peek().kind === 'unasked') await chain.verify();
    },
    async loadPeople() {
      const asked = api.json('/audit/people', auditPeopleSchema, { signal: closed.signal });
      const answer = await ignoreFailure(asked, 'the list of events says what is wrong');
      if (answer !== undefined) people.value = answer.people;
    },
    close() {
      closed.abort();
      list.close();
      chain.stopVerifying();
    },
  };
}

function openList(api: Api, now: () => Date) {
  const events = createResource<ShownEvents, Trouble>(troubleOf);
  /** The period ends where it ended when it was asked for first. */
  let asked = '';

  const fetchPage = (known: ShownEvents | null): Promise<void> =>
    events.ask(async (signal) => {
      const before = known?.next ?? null;
      const query = [asked, ...(before === null ? [] : [`before=${before}`])].filter(Boolean).join('&');
      const path = query === '' ? '/audit/events' : `/audit/events?${query}`;
      const page = await api.json(path, auditPageSchema, { signal });
      const rows = [...(known?.rows ?? []), ...page.rows];
      return { ...page, rows, names: merged(known?.names, page.names) };
    });
  return {
    events,
    async load(question: AuditQuestion) {
      asked = queryOf(question, now());
      await fetchPage(null);
    },
    async more() {
      const known = events.value.peek();
      if (known !== null && known.next !== null) await fetchPage(known);
    },
    close: events.close,
  };
}

function merged(known: AuditNames | undefined, more: AuditNames): AuditNames {
  if (known === undefined) return more;
  return {
    accounts: { ...known.accounts, ...more.accounts },
    keys: { ...known.keys, ...more.keys },
    cases: { ...known.cases, ...more.cases },
    devices: { ...known.devices, ...more.devices },
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
