/** The destinations as the gateway lists them, the finding of *Test* for each, and an administrator's changes. */
import { signal, type ReadonlySignal } from '@preact/signals';
import { z } from 'zod';
import {
  deadLettersDecidedSchema,
  destinationExaminationSchema,
  destinationSchema,
  destinationsSchema,
  destinationTestSchema,
  givenUpSchema,
  type DeadLetterDecision,
  type Destination,
  type DestinationExamination,
  type DestinationTest,
  type DestinationWish,
} from '#shared/protocol/destination.ts';
import type { Need } from '#shared/protocol/forms.ts';
import type { Viewer } from '#shared/protocol/viewer.ts';
import { type ApiClient, problemOf } from '../net/api-client.ts';
import { troubleOf, type Trouble } from './admin-trouble.ts';

export interface DestinationsStore {
  /** Null until loaded. */
  readonly destinations: ReadonlySignal<readonly Destination[] | null>;
  /** By id; `testing` until the answer is here. */
  readonly tests: ReadonlySignal<ReadonlyMap<string, DestinationTest | 'testing'>>;
  readonly trouble: ReadonlySignal<Trouble | null>;
  /** Loads the list, and tests each. */
  load(): Promise<void>;
  test(id: string): Promise<void>;
  /** The doctor's findings, by id; `examining` until they are here. */
  readonly examinations: ReadonlySignal<ReadonlyMap<string, DestinationExamination | 'examining'>>;
  /** Has the doctor look at it, for up to a minute. `store`: it may store test instances. */
  examine(id: string, store: boolean): Promise<void>;
  /** `id` null: a new one. Then it is tested. Throws ApiProblem, Unreachable. */
  save(id: string | null, wish: DestinationWish): Promise<void>;
  /** Throws ApiProblem, Unreachable. */
  setViewers(id: string, viewers: readonly Viewer[]): Promise<void>;
  /** Null: it has none. Throws ApiProblem, Unreachable. */
  setWorklist(id: string, address: string | null): Promise<void>;
  makePrimary(id: string): Promise<void>;
  /** Whether studies that are promised from now on go there too. */
  setNeed(id: string, need: Need | null): Promise<void>;
  /** All that it did not take: sent there again, or left out. */
  decideAll(id: string, decision: DeadLetterDecision['decision']): Promise<void>;
  /** Ends the copies of this need that are under way to it. */
  giveUp(id: string, need: Need): Promise<void>;
  remove(id: string): Promise<void>;
  close(): void;
}

type Examinations = ReadonlyMap<string, DestinationExamination | 'examining'>;

type State = {
  readonly api: Pick<ApiClient, 'json' | 'send'>;
  readonly destinations: ReturnType<typeof signal<readonly Destination[] | null>>;
  readonly tests: ReturnType<typeof signal<ReadonlyMap<string, DestinationTest | 'testing'>>>;
  readonly examinations: ReturnType<typeof signal<Examinations>>;
  readonly closed: AbortSignal;
};

const PATH = '/admin/destinations';

async function list({ api, destinations, closed }: State): Promise<void> {
  destinations.value = (await api.json(PATH, destinationsSchema, { signal: closed })).destinations;
}

async function test({ api, tests, closed }: State, id: string): Promise<void> {
  const note = (is: DestinationTest | 'testing' | null): void => {
    const others = [...(tests.value ?? [])].filter(([of]) => of !== id);
    tests.value = new Map(is === null ? others : [...others, [id, is]]);
  };
  note('testing');
  try {
    const options = { method: 'POST', signal: closed };
    note(await api.json(`${PATH}/${id}/test`, destinationTestSchema, options));
  } catch (error) {
    note(null);
    throw error;
  }
}

async function examine({ api, examinations, closed }: State, id: string, store: boolean): Promise<void> {
  const note = (is: DestinationExamination | 'examining' | null): void => {
    const others = [...(examinations.value ?? [])].filter(([of]) => of !== id);
    examinations.value = new Map(is === null ? others : [...others, [id, is]]);
  };
  note('examining');
  try {
    const options = { method: 'POST', body: { store }, signal: closed };
    note(await api.json(`${PATH}/${id}/examine`, destinationExaminationSchema, options));
  } catch (error) {
    note(null);
    throw error;
  }
}

type Tried = (work: () => Promise<unknown>) => Promise<void>;
type Deciding = Pick<DestinationsStore, 'makePrimary' | 'setNeed' | 'decideAll' | 'giveUp'>;

/** Where studies go. */
function deciding(state: State, tried: Tried): Deciding {
  const { api } = state;
  return {
    makePrimary: (id) =>
      tried(async () => {
        await api.json(`${PATH}/${id}/primary`, z.unknown(), { method: 'POST' });
        await list(state);
      }),
    setNeed: (id, need) =>
      tried(async () => {
        await api.json(`${PATH}/${id}/need`, z.unknown(), { method: 'PUT', body: { need } });
        await list(state);
      }),
    decideAll: (id, decision) =>
      tried(async () => {
        const path = `${PATH}/${id}/dead-letters`;
        await api.json(path, deadLettersDecidedSchema, { method: 'POST', body: { decision } });
        await list(state);
      }),
    giveUp: (id, need) =>
      tried(async () => {
        await api.json(`${PATH}/${id}/give-up`, givenUpSchema, { method: 'POST', body: { need } });
        await list(state);
      }),
  };
}

export function createDestinationsStore(api: State['api']): DestinationsStore {
  const destinations = signal<readonly Destination[] | null>(null);
  const tests = signal<ReadonlyMap<string, DestinationTest | 'testing'>>(new Map());
  const trouble = signal<Trouble | null>(null);
  const closing = new AbortController();
  const examinations = signal<Examinations>(new Map());
  const state: State = { api, destinations, tests, examinations, closed: closing.signal };
  const tried: Tried = async (work) => {
    trouble.value = null;
    try {
      await work();
    } catch (error) {
      if (!closing.signal.aborted) trouble.value = troubleOf(error);
    }
  };
  return {
    destinations,
    tests,
    examinations,
    trouble,
    load: () =>
      tried(async () => {
        await list(state);
        await Promise.all((destinations.value ?? []).map(({ id }) => test(state, id)));
      }),
    test: (id) => tried(() => test(state, id)),
    examine: (id, store) => tried(() => examine(state, id, store)),
    async save(id, wish) {
      const at = id === null ? PATH : `${PATH}/${id}`;
      const saved = await api.json(at, destinationSchema, {
        method: id === null ? 'POST' : 'PUT',
        body: wish,
      });
      await tried(async () => {
        await list(state);
        await test(state, saved.id);
      });
    },
    async setViewers(id, viewers) {
      const options = { method: 'PUT', body: { viewers } };
      await api.json(`${PATH}/${id}/viewers`, destinationSchema, options);
      await tried(() => list(state));
    },
    async setWorklist(id, address) {
      const options = { method: 'PUT', body: { address } };
      await api.json(`${PATH}/${id}/worklist`, destinationSchema, options);
      await tried(() => list(state));
    },
    ...deciding(state, tried),
    remove: (id) =>
      tried(async () => {
        const answer = await api.send(`${PATH}/${id}`, { method: 'DELETE' });
        if (!answer.ok) throw await problemOf(answer);
        await list(state);
      }),
    close: () => closing.abort(),
  };
}
