/** The chosen studies, for views, and the views that other folders add to theirs. */
import type { ReadonlySignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { provided } from '../../kit/provided.ts';
import type { FoundStudy, IngestStore } from './found-study.ts';

export const [ProvideIngest, useIngest] = provided<IngestStore>('ingest store');

/** The parts of the upload page that triage draws. */
export interface TriageViews {
  /** On a study's card. */
  readonly Notes: ComponentType<{ readonly study: FoundStudy; readonly name: string }>;
  /** Above Send. */
  readonly ToRepeat: ComponentType<{ readonly chosen: readonly FoundStudy[] }>;
}

/** Null until they are fetched; nothing waits for them. */
export const [ProvideTriageViews, useTriageViews] =
  provided<ReadonlySignal<TriageViews | null>>('views of triage');
