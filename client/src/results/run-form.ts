/**
 * The form for running a model: what it looks at, by which model and version and with which parameters; what is
 * wrong with it; and the request that it becomes. A file travels with the request; a study is read by the gateway
 * in the PACS.
 */
import { isUid } from '#shared/dicom/uid.ts';
import { EXPLANATION_METHODS, type ExplanationMethod } from '#shared/protocol/inference.ts';
import type { Model, ModelVersion } from './answers.ts';
import type { MapMethod } from './look.store.ts';

export const SOURCES = ['study', 'uid', 'file'] as const;
type Source = (typeof SOURCES)[number];

/** `POST /infer` refuses more (shared/models/README.md). */
export const LARGEST_FILE_BYTES = 50 * 1024 * 1024;
export const STEPS = { least: 8, most: 512, usual: 64 } as const;
export const EXPLAINABLE = EXPLANATION_METHODS.filter((method): method is MapMethod => method !== 'image');

export interface Form {
  readonly source: Source;
  /** A Study Instance UID, chosen from the list. */
  readonly study: string;
  /** A typed one. */
  readonly uid: string;
  readonly file: File | null;
  readonly model: string;
  /** Empty: the active one. */
  readonly version: string;
  /** Null: the card's value. */
  readonly threshold: number | null;
  readonly explain: readonly MapMethod[];
  readonly steps: number;
  readonly fresh: boolean;
}

export type Invalid = 'nothing' | 'uid' | 'file' | 'model' | 'stopped' | 'steps';

/** An empty form; `study`: the one that the page was opened for. */
export const emptyForm = (study: string | null): Form => ({
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

/** The threshold on the card of the version that would answer; null where the model decides nothing. */
export function thresholdOf(version: ModelVersion | undefined): number | null {
  const threshold = version?.card['threshold'];
  return typeof threshold === 'number' && threshold >= 0 && threshold <= 1 ? threshold : null;
}

/**
 * JSON for a study in the PACS; for a file multipart/form-data with the same fields, lists separated by commas.
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
    // A file's name may name a person and is useless to the gateway.
    if (form.file) body.append('file', form.file, 'file');
    return { headers: {}, body };
  }
  const studyInstanceUID = form.source === 'uid' ? form.uid.trim() : form.study;
  return {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...request, parameters, studyInstanceUID }),
  };
}
