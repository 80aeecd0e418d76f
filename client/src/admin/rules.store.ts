/** The rules as the gateway has them, the names that they may use, and an administrator's changes. */
import { signal, type ReadonlySignal } from '@preact/signals';
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
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { createResource, type Resource } from '../kit/resource.ts';
import type { ApiClient } from '../net/api-client.ts';
import type { KnownValues } from './rule-form.ts';

const policiesSchema = z.object({ policies: z.array(z.object({ name: z.string() })) });
const usersSchema = z.object({ users: z.array(z.object({ username: z.string() })) });
const modelsSchema = z.object({ models: z.array(modelSchema) });
type NamedType = { readonly name: string; readonly title: string; readonly hidesFinding: boolean };
type NamedModel = { readonly id: string; readonly title: string };

/** Known once everything is loaded. */
export type Known = {
  readonly destinations: readonly Pick<Destination, 'id' | 'name' | 'isPrimary' | 'need'>[];
  readonly models: readonly NamedModel[];
  readonly reviewTypes: readonly NamedType[];
  /** The newest studies of all accounts. */
  readonly studies: readonly Pick<
    SentStudy,
    'studyInstanceUID' | 'lastSentAt' | 'sopClassUIDs' | 'uploads'
  >[];
  readonly values: KnownValues;
};

type Lists = Readonly<Record<RuleKind, Rules>>;

export interface RulesStore {
  readonly lists: Resource<Lists, Trouble>;
  readonly known: Resource<Known, Trouble>;
  /** Why a change was refused. */
  readonly trouble: ReadonlySignal<Trouble | null>;
  load(): Promise<void>;
  /** Saves all rules of this kind. Throws ApiProblem, Unreachable. */
  save(kind: RuleKind, rules: readonly Rule[]): Promise<void>;
  /** Saves too, and shows the new list at once. A failure is shown, and the list is read again. */
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
  // A model that explains another model's answer gives none itself.
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
  readonly lists: Resource<Lists, Trouble>;
  readonly closed: AbortSignal;
};

/** Returns the list after the change. Throws ApiProblem, Unreachable. */
function put({ api, lists, closed }: State, kind: RuleKind, rules: readonly Rule[]): Promise<Rules> {
  const version = lists.value.peek()?.[kind].version;
  return api.json(`/admin/rules/${kind}`, rulesSchema, {
    ...{ method: 'PUT', signal: closed },
    body: { rules, version },
  });
}

/**
 * Applies changes one after the other, each on top of the previous one. The new list is shown at once, so that a person
 * can move a rule by several places without waiting. After a failure the waiting changes are dropped, because they were
 * based on another list.
 */
function changing(state: State, fail: (error: unknown) => void): RulesStore['change'] {
  const { api, lists } = state;
  let last: Promise<void> = Promise.resolve();
  let waiting = 0;
  let failures = 0;
  const show = (kind: RuleKind, part: Partial<Rules>): void => {
    lists.change((before) => ({ ...before, [kind]: { ...before[kind], ...part } }));
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
        await lists.ask((until) => readLists(api, until));
      }
    });
    return last;
  };
}

export function createRulesStore(api: Pick<ApiClient, 'json'>): RulesStore {
  const lists = createResource<Lists, Trouble>(troubleOf);
  const known = createResource<Known, Trouble>(troubleOf);
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
      await Promise.all([
        lists.ask((until) => readLists(api, until)),
        known.ask((until) => readKnown(api, until)),
      ]);
    },
    async save(kind, rules) {
      const after = await put(state, kind, rules);
      lists.change((before) => ({ ...before, [kind]: after }));
    },
    change(kind, rules) {
      trouble.value = null;
      return change(kind, rules);
    },
    dryRun: (kind, wish) =>
      api.json(`/admin/rules/${kind}/dry-run`, dryRunSchema, { method: 'POST', body: wish, signal: closed }),
    close() {
      closing.abort();
      lists.close();
      known.close();
    },
  };
}
