/**
 * The sentences for warnings about a found study: about the selection from ingest-words.ts, about a file from
 * the protocol's table.
 */
import { WARNINGS } from '#shared/protocol/reasons.ts';
import { ingestWords } from './ingest-words.ts';
import type { StudyWarning } from './group-studies.ts';

const OF_THE_SELECTION = [
  'two-patients',
  'patients-differ',
  'duplicates',
  'burned-in',
  'face',
  'too-many-instances',
] as const;
type OfTheSelection = (typeof OF_THE_SELECTION)[number];

/** Warnings to look at before pressing Send; the others are remarks behind a touch. */
const TO_LOOK_AT = new Set<StudyWarning>([...OF_THE_SELECTION, 'patient-missing']);

export function sentenceOfWarning(warning: StudyWarning): string {
  return isOfTheSelection(warning) ? ingestWords.warning[warning] : WARNINGS[warning];
}

function isOfTheSelection(warning: StudyWarning): warning is OfTheSelection {
  return (OF_THE_SELECTION as readonly StudyWarning[]).includes(warning);
}

/**
 * Warnings that must be seen, and remarks, in the order they were found. Several patients are pointed out
 * once, above all studies; a face only where names are removed.
 */
export function sortWarnings(
  warnings: readonly StudyWarning[],
  deidentify: boolean,
): {
  readonly loud: readonly StudyWarning[];
  readonly quiet: readonly StudyWarning[];
} {
  return {
    loud: warnings.filter(
      (warning) =>
        TO_LOOK_AT.has(warning) && warning !== 'two-patients' && (deidentify || warning !== 'face'),
    ),
    quiet: warnings.filter((warning) => !TO_LOOK_AT.has(warning)),
  };
}
