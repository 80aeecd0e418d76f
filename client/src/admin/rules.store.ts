/** The rules as the gateway has them, what they may name, and an administrator's changes. */
import { batch, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { destinationsSchema, type Destination } from '#shared/protocol/destination.ts';
import { modelSchema } from '#shared/protocol/inference.ts';
import {
  dryRunSchema,
  RULE_KINDS,
  rulesSchema,
  type DryRun,
  type DryRunWish,
  type Rule,
  type RuleKind,
  type Rules,
} from '#shared/protocol/rule.ts';
import { reviewTypesSchema } from '#shared/protocol/reviews.ts';
import { sentStudiesSchema, type SentStudy } from '#shared/protocol/studies.ts';
import { z } from 'zod';
import type { ApiClient } from '../net/api-client.ts';
import type { KnownValues } from './rule-form.ts';
import { troubleOf, type Trouble } from './admin-trouble.ts';

const policiesSchema = z.object({ policies: z.array(z.object({ name: z.string() })) });
const usersSchema = z.object({ users: z.array(z.object({ username: z.string() })) });
const modelsSchema = z.object({ models: z.array(modelSchema) });
export type NamedType = { readonly name: string; readonly title: string; readonly hidesFinding: boolean };
export type NamedModel = { readonly id: string; readonly title: string };

/** Known when everything is loaded. */
export type Known = {
  readonly destinations: readonly Pick<Destination, 'id' | 'name' | 'isPrimary' | 'need'>[];
  readonly models: readonly NamedModel[];
  readonly reviewTypes: readonly NamedType[];
  /** The newest ones, of everybody. */
  readonly studies: readonly Pick<
    SentStudy,
    'studyInstanceUID' | 'lastSentAt' | 'sopClassUIDs' | 'uploads'
  >[];
  readonly values: KnownValues;
};

type Lists = Readonly<Record<RuleKind, Rules>>;

export interface RulesStore {
  /** Null until loaded. */
  readonly lists: ReadonlySignal<Lists | null>;
  readonly known: ReadonlySignal<Known | null>;
  readonly trouble: ReadonlySignal<Trouble | null>;
  load(): Promise<void>;
  /** All rules of the kind, as they shall be. Throws ApiProblem, Unreachable. */
  save(kind: RuleKind, rules: readonly Rule[]): Promise<void>;
  /** As `save`, and shown at once; a failure is shown, and the list is read again. */
  change(kind: RuleKind, rules: readonly Rule[]): Promise<void>;
  /** Throws ApiProblem, Unreachable. */
  dryRun(kind: RuleKind, wish: DryRunWish): Promise<DryRun>;
  close(): void;
}

const STUDIES_SHOWN = 20;

async function readLists(api: Pick<ApiClient, 'json'>, closed: AbortSignal): Promise<Lists> {
  const [forwarding, inference, cases] = await Promise.all(
    RULE_KINDS.map((kind) => api.json(`/admin/rules/${kind}`, rulesSchema, { signal: closed })),
  );
  return { forwarding: forwarding!, inference: inference!, cases: cases! };
}

async function readKnown(api: Pick<ApiClient, 'json'>, closed: AbortSignal): Promise<Known> {
  const options = { signal: closed };
  const [{ destinations }, { models }, { studies }, { types }, { policies }, { users }] = await Promise.all([
    api.json('/admin/destinations', destinationsSchema, options),
    api.json('/models', modelsSchema, options),
    api.json(`/studies?all=1&limit=${STUDIES_SHOWN}`, sentStudiesSchema, options),
    api.json('/review-types', reviewTypesSchema, options),
    api.json('/admin/policies', policiesSchema, options),
    api.json('/admin/users', usersSchema, options),
  ]);
  // A model that explains another one's answer has none of its own.
  return {
    destinations,
    models: models.filter(({ task }) => task !== 'explanation'),
    reviewTypes: types.map(({ name, definition: { title, hidesFinding } }) => ({
      name,
      title,
      hidesFinding,
    })),
    studies,
    values: { policy: policies.map(({ name }) => name), account: users.map(({ username }) => username) },
  };
}

type State = {
  readonly api: Pick<ApiClient, 'json'>;
  readonly lists: Signal<Lists | null>;
  readonly closed: AbortSignal;
};

/** The list after it. Throws ApiProblem, Unreachable. */
function put({ api, lists, closed }: State, kind: RuleKind, rules: readonly Rule[]): Promise<Rules> {
  const version = lists.value?.[kind].version;
  return api.json(`/admin/rules/${kind}`, rulesSchema, {
    ...{ method: 'PUT', signal: closed },
    body: { rules, version },
  });
}

/**
 * Changes one after the other, each on top of the one before. The list is shown at once as it shall be: whoever moves a
 * rule by several places does not wait. After a failure those that wait are dropped: they were made on another list.
 */
function changing(state: State, fail: (error: unknown) => void): RulesStore['change'] {
  const { api, lists, closed } = state;
  let last: Promise<void> = Promise.resolve();
  let waiting = 0;
  let failures = 0;
  const show = (kind: RuleKind, part: Partial<Rules>): void => {
    if (lists.value) lists.value = { ...lists.value, [kind]: { ...lists.value[kind], ...part } };
  };
  return (kind, rules) => {
    show(kind, { rules: [...rules] });
    waiting += 1;
    const failuresBefore = failures;
    last = last.then(async () => {
      waiting -= 1;
      if (failures > failuresBefore) return;
      try {
        const after = await put(state, kind, rules);
        show(kind, waiting === 0 ? after : { version: after.version });
      } catch (error) {
        failures += 1;
        fail(error);
        lists.value = await readLists(api, closed).catch(() => lists.value);
      }
    });
    return last;
  };
}

export function createRulesStore(api: Pick<ApiClient, 'json'>): RulesStore {
  const lists = signal<Lists | null>(null);
  const known = signal<Known | null>(null);
  const trouble = signal<Trouble | null>(null);
  const closing = new AbortController();
  const closed = closing.signal;
  const state: State = { api, lists, closed };
  const fail = (error: unknown): void => {
    if (!closed.aborted) trouble.value = troubleOf(error);
  };
  const change = changing(state, fail);
  return {
    lists,
    known,
    trouble,
    async load() {
      trouble.value = null;
      try {
        const [read, names] = await Promise.all([readLists(api, closed), readKnown(api, closed)]);
        batch(() => {
          lists.value = read;
          known.value = names;
        });
      } catch (error) {
        fail(error);
      }
    },
    async save(kind, rules) {
      const after = await put(state, kind, rules);
      if (lists.value) lists.value = { ...lists.value, [kind]: after };
    },
    change(kind, rules) {
      trouble.value = null;
      return change(kind, rules);
    },
    dryRun: (kind, wish) =>
      api.json(`/admin/rules/${kind}/dry-run`, dryRunSchema, { method: 'POST', body: wish, signal: closed }),
    close: () => closing.abort(),
  };
}
