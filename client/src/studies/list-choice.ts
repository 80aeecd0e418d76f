/** What a person chose to see in the list of studies. Pure. */
import type { User } from '#shared/protocol/api.ts';
import { comesToRead } from '../pipeline/queue/comes-to-read.ts';
import { QUEUE_PARTS } from '../pipeline/queue/track-of.ts';
import type { WhoseStudies } from './sent-studies.store.ts';

/** `incomplete`: part of the study is not in the PACS, wherever it is. */
export const SHOWN = ['all', 'incomplete', ...QUEUE_PARTS, 'removed'] as const;
export type Shown = (typeof SHOWN)[number];
export const PERIODS = ['any', 'today', 'yesterday', 'week'] as const;
export type Period = (typeof PERIODS)[number];
/** A filter for people who watch a site: whether any upload of a study kept the patient's name. */
export const NAMES = ['any', 'kept', 'removed'] as const;
export type Names = (typeof NAMES)[number];
/** `place`: first what needs a decision, then the sending order, then what arrived, newest first. */
export const SORTS = ['place', 'newest', 'oldest', 'name'] as const;
export type Sort = (typeof SORTS)[number];

export const WHOSE: readonly WhoseStudies[] = ['own', 'of-the-site'];

export interface Choice {
  readonly whose: WhoseStudies;
  readonly text: string;
  readonly shown: Shown;
  readonly period: Period;
  readonly names: Names;
  readonly sort: Sort;
  readonly byPatient: boolean;
}

export const EVERYTHING: Choice = {
  whose: 'own',
  text: '',
  shown: 'all',
  period: 'any',
  names: 'any',
  sort: 'place',
  byPatient: false,
};

/** The initial view of the whole site. The filters show it and can widen it. */
export const ARRIVED_TODAY: Choice = { ...EVERYTHING, whose: 'of-the-site', period: 'today', sort: 'newest' };

/** The choice in effect before a person makes one. */
export const firstChoice = (user: Pick<User, 'roles'> | null): Choice =>
  user !== null && comesToRead(user) ? ARRIVED_TODAY : EVERYTHING;

/** Whether the list may be missing studies. */
export function isNarrowed({ text, shown, period, names }: Choice): boolean {
  return text.trim() !== '' || shown !== 'all' || period !== 'any' || names !== 'any';
}
