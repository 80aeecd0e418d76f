/** The destinations as the gateway lists them, the findings of *Test* for each, and an administrator's changes. */
import { signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { z } from 'zod';
import {
  deadLettersDecidedSchema,
  deadLettersSchema,
  destinationExaminationSchema,
  destinationSchema,
  destinationsSchema,
  givenUpSchema,
  resentSchema,
  type DeadLetterDecision,
  type DeadLettersDecided,
  type Destination,
  type DestinationExamination,
  type DestinationWish,
  type ExaminationWish,
  type Tuning,
} from '#shared/protocol/destination.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { Need } from '#shared/protocol/forms.ts';
import { ALL_PROBLEMS } from '#shared/protocol/inference-problems.ts';
import { rulesSchema } from '#shared/protocol/rule.ts';
import type { Viewer } from '#shared/protocol/viewer.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { createResource, type Resource } from '../kit/resource.ts';
import { type ApiClient, problemOf } from '../net/api-client.ts';
import { deadLetterWords } from './dead-letter-words.ts';
import { decidingRules, type DecidingRule } from './rule-form.ts';
import { createTypedSecrets, type TypedSecrets } from './typed-secrets.ts';

/** `again`: a complete test that runs automatically because something is wrong. It stores nothing. */
type TestScope = ExaminationWish['scope'] | 'again';

export type Tested = {
  readonly found: DestinationExamination | null;
  /** The test that produced the findings. */
  readonly by: TestScope | null;
  /** The test in progress; null: none. */
  readonly running: TestScope | null;
};

export type DestinationList = {
  readonly destinations: readonly Destination[];
  /** The folder in which destination folders may lie; null: folders are not allowed. */
  readonly folderRoot: string | null;
  /** The rules that take precedence over the settings of the destinations. */
  readonly rules: readonly DecidingRule[];
};

export interface DestinationsStore {
  readonly list: Resource<DestinationList, Trouble>;
  /** The last *Test* of each destination, by id. */
  readonly tests: ReadonlySignal<ReadonlyMap<string, Tested>>;
  /** Why a change or a test failed. */
  readonly trouble: ReadonlySignal<Trouble | null>;
  /** Loads the list, and checks whether each destination answers. */
  load(): Promise<void>;
  /**
   * Reads the list again, and checks whether each destination answers. Where something is wrong it runs the complete
   * test, so that the page shows a repair made elsewhere. Reports no error if the gateway does not answer.
   */
  refresh(): Promise<void>;
  /** Runs the doctor's test, which takes up to a minute. `store`: it may store test instances. */
  test(id: string, scope: 'all' | 'store'): Promise<void>;
  /** Changes the settings with which the gateway uses the destination. */
  tune(id: string, tuning: Tuning): Promise<void>;
  /**
   * `id` null: a new destination. Returns its id once it is saved and, if wanted, primary; a test then starts. Throws
   * ApiProblem, Unreachable.
   */
  save(id: string | null, wish: DestinationWish, isPrimary: boolean): Promise<string>;
  /** Secrets that were saved since this page was opened. */
  readonly secrets: Pick<TypedSecrets, 'of'>;
  /** Throws ApiProblem, Unreachable. */
  setViewers(id: string, viewers: readonly Viewer[]): Promise<void>;
  /** `address` null: there is no worklist. Throws ApiProblem, Unreachable. */
  setWorklist(id: string, address: string | null): Promise<void>;
  makePrimary(id: string): Promise<void>;
  /** Sets whether studies promised from now on also go there. */
  setNeed(id: string, need: Need | null): Promise<void>;
  /** The instances that destinations did not take, by destination, once requested. */
  readonly deadLetters: ReadonlySignal<ReadonlyMap<string, DeadLetterList>>;
  loadDeadLetters(id: string): Promise<void>;
  /**
   * Sends instances that it did not take again, or leaves them out: all, or some. Reports those for which that failed.
   */
  decide(id: string, decision: DeadLetterDecision): Promise<void>;
  /** Sends the studies that were given up for this destination. */
  resend(id: string): Promise<void>;
  /** Ends the copies with this need that are under way to the destination. */
  giveUp(id: string, need: Need): Promise<void>;
  remove(id: string): Promise<void>;
  close(): void;
}

type DeadLetterList = z.infer<typeof deadLettersSchema>;

type Tests = ReadonlyMap<string, Tested>;
type State = {
  readonly api: Pick<ApiClient, 'json' | 'send'>;
  readonly list: Resource<DestinationList, Trouble>;
  readonly tests: Signal<Tests>;
  readonly deadLetters: Signal<ReadonlyMap<string, DeadLetterList>>;
  readonly trouble: Signal<Trouble | null>;
  readonly closed: AbortSignal;
};

const PATH = '/admin/destinations';

async function read(api: State['api'], signal: AbortSignal): Promise<DestinationList> {
  const [{ destinations, folderRoot = null }, { rules }] = await Promise.all([
    api.json(PATH, destinationsSchema, { signal }),
    api.json('/admin/rules/forwarding', rulesSchema, { signal }),
  ]);
  return { destinations, folderRoot, rules: decidingRules(rules) };
}

const listAgain = ({ api, list }: State): Promise<void> => list.ask((until) => read(api, until));

/**
 * Refreshes the list, but discards the answer if somebody else has requested the list meanwhile, because after a change
 * that answer is newer.
 */
async function lookAgain({ api, list, closed }: State): Promise<void> {
  const before = list.answer.peek();
  const listed = await read(api, closed);
  if (list.answer.peek() === before && !list.isAsking.peek()) list.take(listed);
}

/** Runs a test. Earlier findings stay until there are new ones; of two concurrent tests, the later one counts. */
async function test({ api, tests, closed }: State, id: string, scope: TestScope): Promise<void> {
  const { found: before, by } = tests.value.get(id) ?? UNTESTED;
  const own: Tested = { found: before, by, running: scope };
  const note = (tested: Tested): void => {
    tests.value = new Map([...tests.value, [id, tested]]);
  };
  note(own);
  const isOwn = (): boolean => tests.value.get(id) === own;
  try {
    const options = {
      method: 'POST',
      body: { scope: scope === 'again' ? 'all' : scope },
      signal: closed,
    };
    const found = await api.json(`${PATH}/${id}/test`, destinationExaminationSchema, options);
    if (isOwn()) note({ ...(isSaid(found, before, scope) ? { found, by: scope } : own), running: null });
  } catch (error) {
    if (isOwn()) note({ ...own, running: null });
    throw error;
  }
}

const UNTESTED = { found: null, by: null };
/**
 * The number of refreshes between complete tests because of a warning. A warning may stay for years, and a test costs
 * the PACS megabytes.
 */
const WARNING_EVERY = 6;

/**
 * Decides the scope of the test at a refresh. Findings of the storing test are not tested automatically, because only
 * that test finds them again.
 */
function scopeOfRefresh({ found, by }: Tested, nth: number): TestScope {
  const worst = found?.verdict?.result;
  const isDue = worst === 'fail' || (worst === 'warn' && nth % WARNING_EVERY === 0);
  return isDue && by !== 'store' ? 'again' : 'reach';
}

/** Whether to show the result. An automatic test is shown only if its findings are different. */
function isSaid(
  found: DestinationExamination,
  before: DestinationExamination | null,
  by: TestScope,
): boolean {
  if (by === 'reach') return saysMore(found, before);
  return by !== 'again' || JSON.stringify(found.findings) !== JSON.stringify(before?.findings);
}

/**
 * Whether a short check says more than the earlier findings. What it does not check stays wrong until a complete test
 * succeeds.
 */
function saysMore(found: DestinationExamination, before: DestinationExamination | null): boolean {
  if (before === null) return true;
  // If nothing has changed, it is not announced again.
  if (before.verdict === null) return found.verdict !== null;
  const { verdict } = before;
  if (found.verdict?.result === 'fail') return true;
  return found.findings.some(({ title }) => title === verdict.title);
}

type Tried = (work: () => Promise<unknown>) => Promise<void>;
type Deciding = Pick<
  DestinationsStore,
  'makePrimary' | 'setNeed' | 'loadDeadLetters' | 'decide' | 'resend' | 'giveUp'
>;

/** The actions that decide where studies go. */
function deciding(state: State, tried: Tried): Deciding {
  const { api } = state;
  return {
    makePrimary: (id) =>
      tried(async () => {
        await api.json(`${PATH}/${id}/primary`, z.unknown(), { method: 'POST' });
        await listAgain(state);
      }),
    setNeed: (id, need) =>
      tried(async () => {
        await api.json(`${PATH}/${id}/need`, z.unknown(), { method: 'PUT', body: { need } });
        await listAgain(state);
      }),
    loadDeadLetters: (id) => tried(() => readDeadLetters(state, id)),
    decide: (id, decision) =>
      tried(async () => {
        const path = `${PATH}/${id}/dead-letters`;
        const options = { method: 'POST', body: decision };
        const { notDecided } = await api.json(path, deadLettersDecidedSchema, options);
        state.trouble.value = notDecidedTrouble(notDecided);
        await listAgain(state);
        await readDeadLetters(state, id);
      }),
    resend: (id) =>
      tried(async () => {
        await api.json(`${PATH}/${id}/resend`, resentSchema, { method: 'POST' });
        await listAgain(state);
      }),
    giveUp: (id, need) =>
      tried(async () => {
        await api.json(`${PATH}/${id}/give-up`, givenUpSchema, { method: 'POST', body: { need } });
        await listAgain(state);
      }),
  };
}

async function readDeadLetters({ api, deadLetters, closed }: State, id: string): Promise<void> {
  const found = await api.json(`${PATH}/${id}/dead-letters`, deadLettersSchema, { signal: closed });
  deadLetters.value = new Map([...deadLetters.value, [id, found]]);
}

function looking(state: State, tried: Tried): Pick<DestinationsStore, 'load' | 'refresh' | 'test' | 'tune'> {
  const { api, list, tests } = state;
  let refreshes = 0;
  return {
    load: () =>
      list.ask(async (until) => {
        const listed = await read(api, until);
        void tried(() => Promise.all(listed.destinations.map(({ id }) => test(state, id, 'reach'))));
        return listed;
      }),
    async refresh() {
      refreshes += 1;
      const idle = [...tests.value].filter(([, { running }]) => running === null);
      const listed = [...state.deadLetters.value.keys()];
      const all = [
        lookAgain(state),
        ...idle.map(([id, tested]) => test(state, id, scopeOfRefresh(tested, refreshes))),
        ...listed.map((id) => readDeadLetters(state, id)),
      ];
      await ignoreFailure(Promise.all(all), 'the page says it when somebody asks');
    },
    test: (id, scope) =>
      tried(async () => {
        await test(state, id, scope);
        // The gateway drops whatever the test disproves, so the list is read again.
        await listAgain(state);
      }),
    tune: (id, tuning) =>
      tried(async () => {
        await api.json(`${PATH}/${id}/tuning`, destinationSchema, { method: 'PUT', body: tuning });
        await listAgain(state);
      }),
  };
}

export function createDestinationsStore(api: State['api']): DestinationsStore {
  const list = createResource<DestinationList, Trouble>(troubleOf);
  const tests = signal<Tests>(new Map());
  const trouble = signal<Trouble | null>(null);
  const closing = new AbortController();
  const secrets = createTypedSecrets();
  const deadLetters = signal<State['deadLetters']['value']>(new Map());
  const shown = { list, tests, deadLetters };
  const state: State = { api, ...shown, trouble, closed: closing.signal };
  const tried: Tried = async (work) => {
    trouble.value = null;
    try {
      await work();
    } catch (error) {
      if (!closing.signal.aborted) trouble.value = troubleOf(error);
    }
  };
  return {
    ...shown,
    trouble,
    secrets,
    ...looking(state, tried),
    async save(id, wish, isPrimary) {
      const at = id === null ? PATH : `${PATH}/${id}`;
      const saved = await api.json(at, destinationSchema, {
        method: id === null ? 'POST' : 'PUT',
        body: wish,
      });
      secrets.keep(saved, wish);
      await tried(async () => {
        if (isPrimary) await api.json(`${PATH}/${saved.id}/primary`, destinationSchema, { method: 'POST' });
        await listAgain(state);
      });
      void tried(() => test(state, saved.id, 'all'));
      return saved.id;
    },
    async setViewers(id, viewers) {
      const options = { method: 'PUT', body: { viewers } };
      await api.json(`${PATH}/${id}/viewers`, destinationSchema, options);
      await listAgain(state);
    },
    async setWorklist(id, address) {
      const options = { method: 'PUT', body: { address } };
      await api.json(`${PATH}/${id}/worklist`, destinationSchema, options);
      await listAgain(state);
    },
    ...deciding(state, tried),
    remove: (id) =>
      tried(async () => {
        const answer = await api.send(`${PATH}/${id}`, { method: 'DELETE' });
        if (!answer.ok) throw await problemOf(answer);
        await listAgain(state);
      }),
    close() {
      closing.abort();
      list.close();
    },
  };
}

/**
 * Says which studies a decision about several did not reach, and why. Null: it reached all. The first study's reason is
 * shown for all of them; the others are still in the list.
 */
function notDecidedTrouble(studies: DeadLettersDecided['notDecided']): Trouble | null {
  const [first] = studies;
  if (first === undefined) return null;
  const problems: Readonly<Record<string, { readonly title: string; readonly next?: string }>> = ALL_PROBLEMS;
  const known = Object.hasOwn(problems, first.code) ? problems[first.code] : undefined;
  const instances = studies.reduce((sum, study) => sum + study.instances, 0);
  const why = first.detail ?? known?.title ?? deadLetterWords.unknown;
  const others = studies.length - 1;
  return {
    kind: 'stop',
    title: deadLetterWords.notDecided(instances),
    next: deadLetterWords.notDecidedWhy(
      first.studyInstanceUID,
      others,
      [why, known?.next ?? ''].join(' ').trim(),
    ),
    code: first.code,
  };
}
