/**
 * The sentences for warnings about a found study. Those about the selection come from ingest-words.ts, those about a
 * file from the protocol's table.
 */
import type { UndeclaredText } from '#shared/deid/hold-causes.ts';
import type { Policy } from '#shared/protocol/api.ts';
import { heldFor, IRREGULARITIES, treatmentOf } from '#shared/protocol/irregularities.ts';
import { WARNINGS, type ReasonCode } from '#shared/protocol/reasons.ts';
import { chosenWords } from '../found/chosen-words.ts';
import type { StudyWarning } from '../found/group-studies.ts';

const OF_THE_SELECTION = [
  'two-patients',
  'patients-differ',
  'duplicates',
  'chosen-twice',
  'same-uid-differs',
  'burned-in',
  'undeclared-text',
  'named-by-companion',
  'face',
  'connect-to-prepare',
  'too-many-instances',
] as const;
type OfTheSelection = (typeof OF_THE_SELECTION)[number];

/** Warnings to look at before pressing Send. The others are remarks that are shown on demand. */
const TO_LOOK_AT = new Set<StudyWarning>([...OF_THE_SELECTION, ...IRREGULARITIES, 'patient-missing']);

/** Copies need no action: each image is sent once. */
const OF_COPIES = new Set<StudyWarning>(['duplicates', 'chosen-twice']);

/** Peculiarities of a file that do no harm and need no action. */
const HARMLESS = new Set<StudyWarning>(['non-zero-preamble']);

/** For each warning, the reason for which its instances are held. */
const ANSWERS: readonly (readonly [StudyWarning, ReasonCode])[] = [
  ['burned-in', 'burned-in-annotation'],
  ['undeclared-text', 'undeclared-text'],
  ['named-by-companion', 'named-by-companion'],
];

/** `policy`: the policy in force; null if it is not known yet. */
export function sentenceOfWarning(warning: StudyWarning, policy: Policy | null): string {
  if (warning === 'undeclared-text' && undeclaredUnder(policy) === 'warn')
    return chosenWords.undeclaredTextIsSent;
  return isOfTheSelection(warning) ? chosenWords.warning[warning] : WARNINGS[warning];
}

function isOfTheSelection(warning: StudyWarning): warning is OfTheSelection {
  return (OF_THE_SELECTION as readonly StudyWarning[]).includes(warning);
}

/** Whether the policy holds instances with this peculiarity. */
const isHeldAsOdd = (warning: StudyWarning, policy: Policy | null): boolean =>
  policy !== null && heldFor([warning], treatmentOf(policy)).length > 0;

/** A policy that keeps names sends such images as they are. */
const undeclaredUnder = (policy: Policy | null): UndeclaredText =>
  policy?.deidentify ? (policy.rules?.undeclaredText ?? 'hold') : 'send';

/**
 * Divides the warnings into those that must be seen and remarks, in the order in which they were found. Warnings
 * about several patients are shown elsewhere: once above all studies, and for a single study with the decision that
 * it needs. A face is mentioned only where names are removed, and text that may be burned in unless the policy sends
 * such images silently. Peculiarities for which the policy holds instances are not repeated as warnings: the held
 * images name them, with what can be done. A warning disappears once a person has looked at (`answered`) or covered
 * everything that was held for it.
 */
export function sortWarnings(
  warnings: readonly StudyWarning[],
  policy: Policy | null,
  answered: ReadonlySet<ReasonCode> = new Set(),
): {
  readonly loud: readonly StudyWarning[];
  readonly quiet: readonly StudyWarning[];
} {
  const silent = new Set<StudyWarning>(['two-patients', 'patients-differ']);
  if (!policy?.deidentify) silent.add('face');
  if (undeclaredUnder(policy) === 'send') silent.add('undeclared-text');
  for (const [warning, reason] of ANSWERS) if (answered.has(reason)) silent.add(warning);
  for (const odd of warnings.filter((warning) => isHeldAsOdd(warning, policy))) silent.add(odd);
  const isLoud = (warning: StudyWarning) => TO_LOOK_AT.has(warning) && !OF_COPIES.has(warning);
  return {
    loud: warnings.filter((warning) => isLoud(warning) && !silent.has(warning)),
    quiet: warnings.filter((warning) => !isLoud(warning) && !HARMLESS.has(warning)),
  };
}
