/** The cases selected in the list, the actions on them together, and their undo. */
import { signal, type ReadonlySignal } from '@preact/signals';
import { bulkOutcomeSchema, type BulkChange } from '#shared/protocol/case-bulk.ts';
import type { ListedCase } from '#shared/protocol/cases.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import type { ApiClient } from '../net/api-client.ts';
import { openAttempt } from '../kit/open-attempt.ts';

export type BulkSet = Pick<NonNullable<BulkChange['set']>, 'priority' | 'assigneeId'> & {
  /** Added to the tags that a case has. */
  readonly tag?: string | undefined;
};
export type BulkAction =
  | { readonly kind: 'change'; readonly set: BulkSet }
  | { readonly kind: 'close'; readonly reason: string }
  | { readonly kind: 'reopen'; readonly reason: string };

export type BulkResult = {
  readonly kind: BulkAction['kind'] | 'undone';
  readonly done: number;
  /** The refused cases, each with its number and the problem's code. */
  readonly refused: readonly { readonly number: number; readonly code: string }[];
};

export interface BulkStore {
  readonly chosen: ReadonlySignal<ReadonlySet<string>>;
  readonly isBusy: ReadonlySignal<boolean>;
  readonly trouble: ReadonlySignal<Trouble | null>;
  /** Null: no action yet. */
  readonly result: ReadonlySignal<BulkResult | null>;
  readonly mayUndo: ReadonlySignal<boolean>;
  toggle(id: string): void;
  choose(ids: readonly string[]): void;
  /** Returns whether the gateway has answered; if not, `trouble` says why. */
  apply(cases: readonly ListedCase[], action: BulkAction): Promise<boolean>;
  undo(): Promise<boolean>;
}

/** A case as it was before the change, and its version afterwards. */
type Done = { readonly before: ListedCase; readonly version: number };
type Wish = { readonly before: ListedCase; readonly change: BulkChange };

/** `undoneReason`: the note on cases that are reopened by undoing their closing. */
export function createBulkStore(api: Pick<ApiClient, 'json'>, undoneReason: string): BulkStore {
  const { chosen, toggle, choose } = openChosen();
  const { isBusy, trouble, tried } = openAttempt(troubleOf);
  const result = signal<BulkResult | null>(null);
  const mayUndo = signal(false);
  let last: { readonly action: BulkAction; readonly done: readonly Done[] } | null = null;

  const send = (wishes: readonly Wish[]): Promise<Sent> => sendWishes(api, wishes);
  return {
    chosen,
    isBusy,
    trouble,
    result,
    mayUndo,
    toggle,
    choose,
    apply: (cases, action) =>
      tried(async () => {
        const { done, refused } = await send(
          cases.map((before) => ({ before, change: wishOf(before, action) })),
        );
        last = { action, done };
        result.value = { kind: action.kind, done: done.length, refused };
        mayUndo.value = done.length > 0;
        chosen.value = new Set();
      }),
    undo: () =>
      tried(async () => {
        if (last === null) return;
        const { action, done } = last;
        const first = await send(done.map((of) => undoingOf(of, action, undoneReason)));
        // Reopened cases have the status open, but some of them were on hold before.
        const held =
          action.kind === 'close' ? first.done.filter(({ before }) => before.status === 'on-hold') : [];
        const second = held.length === 0 ? null : await send(held.map(toHold));
        const refused = [...first.refused, ...(second?.refused ?? [])];
        result.value = { kind: 'undone', done: first.done.length, refused };
        last = null;
        mayUndo.value = false;
      }),
  };
}

type Sent = { readonly done: readonly Done[]; readonly refused: BulkResult['refused'] };
/** The ids of the selected cases. */
function openChosen() {
  const chosen = signal<ReadonlySet<string>>(new Set());
  return {
    chosen,
    toggle(id: string): void {
      const next = new Set(chosen.peek());
      if (!next.delete(id)) next.add(id);
      chosen.value = next;
    },
    choose(ids: readonly string[]): void {
      chosen.value = new Set(ids);
    },
  };
}

async function sendWishes(api: Pick<ApiClient, 'json'>, wishes: readonly Wish[]): Promise<Sent> {
  const body = { changes: wishes.map(({ change }) => change) };
  const { cases } = await api.json('/cases/bulk', bulkOutcomeSchema, { method: 'POST', body });
  return sortOut(wishes, cases);
}

type Answered = { readonly version: number | null; readonly refused: string | null };

function sortOut(wishes: readonly Wish[], answers: readonly Answered[]): Sent {
  const done: Done[] = [];
  const refused: { number: number; code: string }[] = [];
  for (const [at, { before }] of wishes.entries()) {
    const { version = null, refused: code = null } = answers[at] ?? {};
    if (version === null) refused.push({ number: before.number, code: code ?? 'unexpected' });
    else done.push({ before, version });
  }
  return { done, refused };
}

function wishOf({ id, version, tags }: ListedCase, action: BulkAction): BulkChange {
  switch (action.kind) {
    case 'change': {
      const { tag, ...set } = action.set;
      const more = tag === undefined ? {} : { tags: [...new Set([...(tags ?? []), tag])] };
      return { id, version, set: { ...set, ...more } };
    }
    case 'close':
      return { id, version, close: action.reason === '' ? {} : { reason: action.reason } };
    case 'reopen':
      return { id, version, reopen: { reason: action.reason } };
    default:
      return action satisfies never;
  }
}

function undoingOf({ before, version }: Done, action: BulkAction, reason: string): Wish {
  const { id } = before;
  switch (action.kind) {
    case 'change': {
      const { priority, assigneeId, tag } = action.set;
      const set = {
        ...(priority !== undefined && { priority: before.priority }),
        ...(assigneeId !== undefined && { assigneeId: before.assignee?.id ?? null }),
        ...(tag !== undefined && { tags: before.tags ?? [] }),
      };
      return { before, change: { id, version, set } };
    }
    case 'close':
      return { before, change: { id, version, reopen: { reason } } };
    case 'reopen':
      return { before, change: { id, version, close: {} } };
    default:
      return action satisfies never;
  }
}

const toHold = ({ before, version }: Done): Wish => ({
  before,
  change: { id: before.id, version, set: { status: 'on-hold' } },
});
