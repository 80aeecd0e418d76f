/**
 * The form for running a model: its input, model, version and parameters, what is wrong with it, and the resulting
 * request. A file is sent with the request; a study is read from the PACS by the gateway.
 */
import { isUid } from '#shared/dicom/uid.ts';
import { EXPLANATION_METHODS, type ExplanationMethod } from '#shared/protocol/inference.ts';
import type { Model, ModelVersion } from '../parts/answers.ts';
import type { MapMethod } from '../parts/look.store.ts';

export const SOURCES = ['study', 'uid', 'file'] as const;
type Source = (typeof SOURCES)[number];

/** `POST /infer` refuses larger files (shared/models/README.md). */
export const LARGEST_FILE_BYTES = 50 * 1024 * 1024;
export const STEPS = { least: 8, most: 512, usual: 64 } as const;
export const EXPLAINABLE = EXPLANATION_METHODS.filter((method): method is MapMethod => method !== 'image');

export interface Form {
  readonly source: Source;
  /** A Study Instance UID, chosen from the list. */
  readonly study: string;
  /** A Study Instance UID that was typed. */
  readonly uid: string;
  readonly file: File | null;
  readonly model: string;
  /** Empty: the active version. */
  readonly version: string;
  /** Null: the value on the model's card. */
  readonly threshold: number | null;
  readonly explain: readonly MapMethod[];
  readonly steps: number;
  readonly fresh: boolean;
}

export type Invalid = 'nothing' | 'uid' | 'file' | 'model' | 'stopped' | 'steps';

/** An empty form. `study`: the study for which the page was opened. */
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

/** `models`: those known so far. */
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

/** The threshold on the card of the version that would run; null where the model makes no decision. */
export function thresholdOf(version: ModelVersion | undefined): number | null {
  const threshold = version?.card['threshold'];
  return typeof threshold === 'number' && threshold >= 0 && threshold <= 1 ? threshold : null;
}

/** JSON for a study in the PACS. For a file, multipart/form-data with the same fields and comma-separated lists. */
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
    // A file's name may contain a person's name, and the gateway does not need it.
    if (form.file) body.append('file', form.file, 'file');
    return { headers: {}, body };
  }
  const studyInstanceUID = form.source === 'uid' ? form.uid.trim() : form.study;
  return {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...request, parameters, studyInstanceUID }),
  };
}
