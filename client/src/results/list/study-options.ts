/**
 * The names of studies in the results filter, each as in the row of its newest result: the patient or pseudonym, the
 * kind and date of the image, and the time. Pure.
 */
import type { Result } from '#shared/protocol/inference.ts';
import { formatMoment } from '../../kit/format.ts';
import { aboutImage, patientOf } from '../parts/describe-result.ts';
import type { About } from '../parts/previews.store.ts';
import { resultWords } from '../parts/result-words.ts';

export type StudyFacts = {
  /** The newest listed result of each study. */
  readonly results: readonly Result[];
  readonly aboutOf: (resultId: string) => About | null;
  /** The device's name for the study, or the kind of input. */
  readonly nameOf: (studyInstanceUID: string) => string;
};

/** A name contains the end of the UID only where nothing else tells two studies apart. */
export function studyOptions(
  studies: readonly string[],
  facts: StudyFacts,
  now: Date,
): readonly { readonly value: string; readonly name: string }[] {
  const named = studies.map((uid) => ({ value: uid, ...nameStudy(uid, facts, now) }));
  const times = Map.groupBy(named, ({ name }) => name);
  return named.map(({ value, name, isSeen }) => {
    if (isSeen && times.get(name)!.length === 1) return { value, name };
    return { value, name: [name, resultWords.studyUID(value.slice(-8))].join(', ') };
  });
}

/** `isSeen`: a result of the study was listed. */
function nameStudy(uid: string, { results, aboutOf, nameOf }: StudyFacts, now: Date) {
  const newest = results.find(({ finding }) => finding.input.studyInstanceUID === uid);
  if (newest === undefined) return { name: nameOf(uid), isSeen: false };
  const about = aboutOf(newest.id);
  const when = formatMoment(new Date(newest.createdAt), now);
  const parts = [patientOf(about) ?? nameOf(uid), ...aboutImage(newest.finding, about), when];
  return { name: parts.join(', '), isSeen: true };
}
