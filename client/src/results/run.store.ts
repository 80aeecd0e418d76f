/**
 * Asking a model: what is looked at, by which model and version, with which parameters; then the job until it
 * has ended. A file travels with the request; a study is read by the gateway in the PACS.
 */
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { uploadListSchema, type UploadStatus } from '#shared/protocol/api.ts';
import {
  EXPLANATION_METHODS,
  jobSchema,
  type ExplanationMethod,
  type Job,
} from '#shared/protocol/inference.ts';
import { isUid } from '#shared/dicom/uid.ts';
import { problemOf, type ApiClient } from '../net/api-client.ts';
import type { Clock } from '../pipeline/upload/clock.ts';
import { modelListSchema, type Model, type ModelVersion } from './answers.ts';
import { followJob } from './follow-job.ts';
import type { MapMethod } from './look.store.ts';
import { troubleOf, type Trouble } from './trouble.ts';

export const SOURCES = ['study', 'uid', 'file'] as const;
export type Source = (typeof SOURCES)[number];

/** `POST /infer` refuses more (shared/models/README.md). */
export const LARGEST_FILE_BYTES = 50 * 1024 * 1024;
export const STEPS = { least: 8, most: 512, usual: 64 } as const;
export const EXPLAINABLE = EXPLANATION_METHODS.filter((method): method is MapMethod => method !== 'image');

export interface Form {
  readonly source: Source;
  /** A Study Instance UID, chosen from the list. */
  readonly study: string;
  /** One that was typed. */
  readonly uid: string;
  readonly file: File | null;
  readonly model: string;
  /** Empty: the active one. */
  readonly version: string;
  /** Null: as the card says. */
  readonly threshold: number | null;
  readonly explain: readonly MapMethod[];
  readonly steps: number;
  readonly fresh: boolean;
}

export type Invalid = 'nothing' | 'uid' | 'file' | 'model' | 'stopped' | 'steps';

/** `form`: nothing runs; `starting`: the request is on its way; then the job as it is known. */
export type Running = { readonly kind: 'form' | 'starting' } | { readonly kind: 'job'; readonly job: Job };

export interface RunStore {
  readonly form: Signal<Form>;
  /** Null until they are known. */
  readonly models: ReadonlySignal<readonly Model[] | null>;
  readonly studies: ReadonlySignal<readonly UploadStatus[] | null>;
  readonly invalid: ReadonlySignal<Invalid | null>;
  readonly running: ReadonlySignal<Running>;
  readonly trouble: ReadonlySignal<Trouble | null>;
  set(some: Partial<Form>): void;
  load(): Promise<void>;
  /** Resolves to the job that is done; null where it could not start, or ended otherwise. */
  run(): Promise<Job | null>;
  cancel(): Promise<void>;
  retry(): Promise<Job | null>;
  /** Back to the form, which is as it was. */
  again(): void;
  close(): void;
}

export interface RunTools {
  readonly api: Pick<ApiClient, 'json' | 'send'>;
  readonly clock: Clock;
  /** The study that the page was opened for. */
  readonly study: string | null;
}

export function createRunStore({ api, clock, study }: RunTools): RunStore {
  const form = signal<Form>({
    source: 'study',
    study: study ?? '',
    uid: '',
    file: null,
    model: '',
    version: '',
    threshold: null,
    explain: EXPLAINABLE,
    steps: STEPS.usual,
    fresh: false,
  });
  const models = signal<readonly Model[] | null>(null);
  const studies = signal<readonly UploadStatus[] | null>(null);
  const running = signal<Running>({ kind: 'form' });
  const trouble = signal<Trouble | null>(null);
  const closed = new AbortController();
  /** Of the job that is watched. */
  let watching = new AbortController();

  async function load(): Promise<void> {
    trouble.value = null;
    try {
      // Who may ask a model need not be one who sends studies: then there are none to choose from.
      const sent = api.json('/uploads', uploadListSchema, { signal: closed.signal }).then(
        ({ uploads }) => uploads,
        () => [],
      );
      const [known, uploads] = await Promise.all([
        api.json('/models', modelListSchema, { signal: closed.signal }),
        sent,
      ]);
      models.value = known.models.filter(isAsked);
      studies.value = newestOf(uploads.filter(({ counts }) => counts.inPacs > 0));
      const usual = models.value.find(({ id }) => id === 'pneumonia') ?? models.value[0];
      if (form.peek().model === '' && usual) set({ model: usual.id });
      if (form.peek().study === '' && studies.value.length === 0 && study === null) set({ source: 'file' });
    } catch (error) {
      if (!closed.signal.aborted) trouble.value = troubleOf(error);
    }
  }

  function set(some: Partial<Form>): void {
    form.value = { ...form.peek(), ...some };
  }

  async function follow(job: Job): Promise<Job | null> {
    watching.abort();
    watching = new AbortController();
    const signal = AbortSignal.any([watching.signal, closed.signal]);
    running.value = { kind: 'job', job };
    try {
      const onSilence = (error: unknown) => (trouble.value = error === null ? null : troubleOf(error));
      const ended = await followJob(
        { api, clock },
        job.id,
        (now) => (running.value = { kind: 'job', job: now }),
        signal,
        onSilence,
      );
      return ended.state === 'done' ? ended : null;
    } catch (error) {
      if (!signal.aborted) trouble.value = troubleOf(error);
      return null;
    }
  }

  /** As they stand for a moment: what they lead to is told by following. */
  async function start(request: () => Promise<Job>): Promise<Job | null> {
    trouble.value = null;
    const before = running.peek();
    running.value = { kind: 'starting' };
    try {
      return await follow(await request());
    } catch (error) {
      if (closed.signal.aborted) return null;
      running.value = before;
      trouble.value = troubleOf(error);
      return null;
    }
  }

  async function infer(): Promise<Job> {
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

  return {
    form,
    models,
    studies,
    running,
    trouble,
    set,
    load,
    invalid: computed(() => invalidOf(form.value, models.value ?? [])),
    run: () => (invalidOf(form.peek(), models.peek() ?? []) === null ? start(infer) : Promise.resolve(null)),
    async cancel() {
      const now = running.peek();
      if (now.kind !== 'job') return;
      await api.json(`/jobs/${now.job.id}`, jobSchema, { method: 'DELETE' }).then(
        (job) => {
          if (running.peek().kind === 'job') running.value = { kind: 'job', job };
        },
        (error: unknown) => (trouble.value = troubleOf(error)),
      );
    },
    retry: async () => {
      const now = running.peek();
      if (now.kind !== 'job') return null;
      // Of a file nothing is kept: it is sent again.
      return start(
        form.peek().source === 'file'
          ? infer
          : () => api.json(`/jobs/${now.job.id}/retry`, jobSchema, { method: 'POST' }),
      );
    },
    again() {
      watching.abort();
      running.value = { kind: 'form' };
      trouble.value = null;
    },
    close: () => closed.abort(),
  };
}

/** What people ask: a gradient is a part of an explanation and answers nothing by itself. */
function isAsked({ task }: Model): boolean {
  return task === 'classification' || task === 'segmentation';
}

/** A study that was sent in several uploads stands there once. */
function newestOf(uploads: readonly UploadStatus[]): readonly UploadStatus[] {
  return uploads.filter(
    ({ studyInstanceUID }, at) =>
      uploads.findIndex((other) => other.studyInstanceUID === studyInstanceUID) === at,
  );
}

/** `models`: as far as they are known. */
export function invalidOf(
  { source, study, uid, file, model, version, steps, explain }: Form,
  models: readonly Model[] = [],
): Invalid | null {
  if (source === 'uid' ? uid.trim() === '' : source === 'study' ? study === '' : file === null)
    return 'nothing';
  if (source === 'uid' && !isUid(uid.trim())) return 'uid';
  if (source === 'file' && file !== null && file.size > LARGEST_FILE_BYTES) return 'file';
  if (model === '') return 'model';
  const asked = models.find(({ id }) => id === model);
  if (asked && version === '' && asked.active === null && asked.fallback === null) return 'stopped';
  const isSteps = Number.isInteger(steps) && steps >= STEPS.least && steps <= STEPS.most;
  return explain.includes('integrated-gradients') && !isSteps ? 'steps' : null;
}

/** The card's threshold of the version that would answer; null where it decides nothing. */
export function thresholdOf(version: ModelVersion | undefined): number | null {
  const threshold = version?.card['threshold'];
  return typeof threshold === 'number' && threshold >= 0 && threshold <= 1 ? threshold : null;
}

/**
 * JSON for what is in the PACS; for a file multipart/form-data, with the same beside it, a list parted by
 * commas.
 */
export function bodyOf(form: Form): {
  readonly headers: Record<string, string>;
  readonly body: string | FormData;
} {
  const request = {
    model: form.model,
    ...(form.version !== '' && { version: form.version }),
    cache: !form.fresh,
  };
  const explain: readonly ExplanationMethod[] = ['image', ...form.explain];
  const parameters = {
    ...(form.threshold !== null && { threshold: form.threshold }),
    explain,
    ...(form.explain.includes('integrated-gradients') && { steps: form.steps }),
  };
  if (form.source === 'file') {
    const body = new FormData();
    for (const [name, value] of Object.entries({ ...request, ...parameters }))
      body.append(name, String(value));
    // A file's name may name a person, and tells the gateway nothing.
    if (form.file) body.append('file', form.file, 'file');
    return { headers: {}, body };
  }
  const studyInstanceUID = form.source === 'uid' ? form.uid.trim() : form.study;
  return {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...request, parameters, studyInstanceUID }),
  };
}
