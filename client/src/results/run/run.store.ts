/** Running a model: the form, then the job until it has ended. */
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { uploadListSchema, type UploadStatus } from '#shared/protocol/api.ts';
import { caseSchema } from '#shared/protocol/cases.ts';
import { jobSchema, type Job } from '#shared/protocol/inference.ts';
import { troubleOf } from '../../net/trouble-of.ts';
import type { Trouble } from '../../kit/trouble.ts';
import { createResource, type Resource } from '../../kit/resource.ts';
import { ApiProblem, problemOf, type ApiClient } from '../../net/api-client.ts';
import type { Clock } from '../../net/clock.ts';
import { modelListSchema, type Model } from '../parts/answers.ts';
import { followJob } from '../parts/follow-job.ts';
import { bodyOf, emptyForm, invalidOf, type Form, type Invalid } from './run-form.ts';

/** `form`: nothing runs; `starting`: the request is being sent; `job`: the current state of the job. */
type Running = { readonly kind: 'form' | 'starting' } | { readonly kind: 'job'; readonly job: Job };

export interface RunStore {
  readonly form: Signal<Form>;
  readonly models: Resource<readonly Model[], Trouble>;
  /** The caller's own studies, as far as a model can read them. */
  readonly studies: Resource<readonly UploadStatus[], Trouble>;
  readonly invalid: ReadonlySignal<Invalid | null>;
  readonly running: ReadonlySignal<Running>;
  readonly trouble: ReadonlySignal<Trouble | null>;
  set(some: Partial<Form>): void;
  load(): Promise<void>;
  /** The study of a case for which the page was opened; null: a different study, or not known yet. */
  readonly ofCase: ReadonlySignal<StudyOfCase | null>;
  /** Chooses a study of a case by its place in the case. */
  chooseOfCase(caseId: string, at: number): Promise<void>;
  /** Resolves to the finished job; null if it could not start or did not finish successfully. */
  run(): Promise<Job | null>;
  cancel(): Promise<void>;
  retry(): Promise<Job | null>;
  /** Returns to the form, which is unchanged. */
  again(): void;
  close(): void;
}

type StudyOfCase = { readonly studyInstanceUID: string; readonly caseNumber: number };

interface RunTools {
  readonly api: Pick<ApiClient, 'json' | 'send'>;
  readonly clock: Clock;
  /** The study for which the page was opened. */
  readonly study: string | null;
  /** Whether the person may find other people's studies in the PACS. */
  readonly readsAll: boolean;
}

type State = {
  readonly form: Signal<Form>;
  readonly models: Resource<readonly Model[], Trouble>;
  readonly studies: Resource<readonly UploadStatus[], Trouble>;
  readonly running: Signal<Running>;
  readonly trouble: Signal<Trouble | null>;
  readonly ofCase: Signal<StudyOfCase | null>;
  readonly closed: AbortController;
  /** Stops watching the job. */
  watching: AbortController;
};

export function createRunStore(tools: RunTools): RunStore {
  const state = createState(tools.study);
  const { form, models, studies, running, trouble, closed } = state;
  const invalid = computed(() => invalidOf(form.value, models.value.value ?? []));
  return {
    form,
    models,
    studies,
    running,
    trouble,
    ofCase: state.ofCase,
    set: (some) => set(state, some),
    load: () => load(state, tools),
    chooseOfCase: (caseId, at) => chooseOfCase(state, tools, { caseId, at }),
    invalid,
    run: async () => (invalid.peek() === null ? start(state, tools, () => infer(state, tools)) : null),
    cancel: () => cancel(state, tools),
    retry: () => retry(state, tools),
    again() {
      state.watching.abort();
      running.value = { kind: 'form' };
      trouble.value = null;
    },
    close() {
      closed.abort();
      models.close();
      studies.close();
    },
  };
}

const createState = (study: string | null): State => ({
  form: signal(emptyForm(study)),
  models: createResource<readonly Model[], Trouble>(troubleOf),
  studies: createResource<readonly UploadStatus[], Trouble>(troubleOf),
  running: signal<Running>({ kind: 'form' }),
  trouble: signal(null),
  ofCase: signal(null),
  closed: new AbortController(),
  watching: new AbortController(),
});

function set({ form }: State, some: Partial<Form>): void {
  form.value = { ...form.peek(), ...some };
}

/** Reads the models and the studies to choose from, and preselects the defaults. */
async function load(state: State, { api, study, readsAll }: RunTools): Promise<void> {
  const { form, models, studies } = state;
  const askModels = models.ask(async (signal) => {
    const known = (await api.json('/models', modelListSchema, { signal })).models.filter(isAsked);
    const usual = known.find(({ id }) => id === 'pneumonia') ?? known[0];
    if (form.peek().model === '' && usual) set(state, { model: usual.id });
    return known;
  });
  const askStudies = studies.ask(async (signal) => {
    const own = newestOf((await listOwn(api, signal)).filter(({ counts }) => counts.inPacs > 0));
    if (form.peek().study === '' && own.length === 0 && study === null && !readsAll)
      set(state, { source: 'file' });
    return own;
  });
  await Promise.all([askModels, askStudies]);
}

/** A person who may not list uploads has none. */
async function listOwn(api: RunTools['api'], signal: AbortSignal): Promise<readonly UploadStatus[]> {
  try {
    return (await api.json('/uploads', uploadListSchema, { signal })).uploads;
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 403) return [];
    throw error;
  }
}

async function chooseOfCase(
  state: State,
  { api }: RunTools,
  { caseId, at }: { readonly caseId: string; readonly at: number },
): Promise<void> {
  const { trouble, closed } = state;
  const { signal } = closed;
  try {
    const { number: caseNumber, studies } = await api.json(`/cases/${caseId}`, caseSchema, { signal });
    const studyInstanceUID = studies[at]?.studyInstanceUID;
    if (studyInstanceUID === undefined) return;
    state.ofCase.value = { studyInstanceUID, caseNumber };
    set(state, { study: studyInstanceUID });
  } catch (error) {
    if (!signal.aborted) trouble.value = troubleOf(error);
  }
}

/** Watches the job to its end; null if it does not finish successfully. */
async function follow(state: State, { api, clock }: RunTools, job: Job): Promise<Job | null> {
  const { running, trouble, closed } = state;
  state.watching.abort();
  state.watching = new AbortController();
  const signal = AbortSignal.any([state.watching.signal, closed.signal]);
  running.value = { kind: 'job', job };
  try {
    const ended = await followJob({ api, clock }, job.id, {
      signal,
      onJob(now) {
        running.value = { kind: 'job', job: now };
      },
      onSilence(error) {
        trouble.value = error === null ? null : troubleOf(error);
      },
    });
    return ended.state === 'done' ? ended : null;
  } catch (error) {
    if (!signal.aborted) trouble.value = troubleOf(error);
    return null;
  }
}

/** Makes the request and follows its job. If the request fails, the previous state is restored. */
async function start(state: State, tools: RunTools, request: () => Promise<Job>): Promise<Job | null> {
  const { running, trouble, closed } = state;
  trouble.value = null;
  const before = running.peek();
  running.value = { kind: 'starting' };
  try {
    return await follow(state, tools, await request());
  } catch (error) {
    if (closed.signal.aborted) return null;
    running.value = before;
    trouble.value = troubleOf(error);
    return null;
  }
}

async function infer({ form, closed }: State, { api }: RunTools): Promise<Job> {
  const { headers, body } = bodyOf(form.peek());
  const response = await api.send('/infer', {
    method: 'POST',
    headers: { accept: 'application/json', ...headers },
    body,
    signal: closed.signal,
  });
  if (!response.ok) throw await problemOf(response);
  return jobSchema.parse(await response.json());
}

async function cancel({ running, trouble }: State, { api }: RunTools): Promise<void> {
  const now = running.peek();
  if (now.kind !== 'job') return;
  try {
    const job = await api.json(`/jobs/${now.job.id}`, jobSchema, { method: 'DELETE' });
    if (running.peek().kind === 'job') running.value = { kind: 'job', job };
  } catch (error) {
    trouble.value = troubleOf(error);
  }
}

async function retry(state: State, tools: RunTools): Promise<Job | null> {
  const now = state.running.peek();
  if (now.kind !== 'job') return null;
  // The gateway does not keep files, so the file is sent again.
  return start(state, tools, () =>
    state.form.peek().source === 'file'
      ? infer(state, tools)
      : tools.api.json(`/jobs/${now.job.id}/retry`, jobSchema, { method: 'POST' }),
  );
}

/** Models that people can run. A gradient model is part of an explanation and answers no question on its own. */
function isAsked({ task }: Model): boolean {
  return task === 'classification' || task === 'segmentation';
}

/** A study that was sent in several uploads is listed once. */
function newestOf(uploads: readonly UploadStatus[]): readonly UploadStatus[] {
  return uploads.filter(
    ({ studyInstanceUID }, at) =>
      uploads.findIndex((other) => other.studyInstanceUID === studyInstanceUID) === at,
  );
}
