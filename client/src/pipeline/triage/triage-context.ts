/** The findings of the models on this device, for views; null until the models' part of the page is loaded. */
import type { ReadonlySignal } from '@preact/signals';
import { provided } from '../../kit/provided.ts';
import type { TriageStore } from './triage.store.ts';

export const [ProvideTriage, useTriage] =
  provided<ReadonlySignal<{ readonly store: TriageStore } | null>>('triage');
