/** The chosen studies, provided to views, and the views that other folders add to the upload page. */
import type { ReadonlySignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { provided } from '../../../kit/provided.ts';
import type { FoundStudy, IngestStore } from './found-study.ts';

export const [ProvideIngest, useIngest] = provided<IngestStore>('ingest store');

/** The parts of the upload page that triage renders. */
export interface TriageViews {
  /** Shown on a study's card. */
  readonly Notes: ComponentType<{ readonly study: FoundStudy; readonly name: string }>;
  /** Shown above Send. */
  readonly ToRepeat: ComponentType<{ readonly chosen: readonly FoundStudy[] }>;
}

/** Null until they are loaded; nothing waits for them. */
export const [ProvideTriageViews, useTriageViews] =
  provided<ReadonlySignal<TriageViews | null>>('views of triage');
