/** Makes the local label of a study when it is queued. Pure, except for `makeLabel`. */
import type { StudyTitle } from '../queued-study.ts';
import { seal } from './device-key.ts';
import { knownPolicies, knownShift } from './device-notes.ts';
import type { Label, LocalDatabase, StudyRow } from './local-database.ts';
import { placeOfLabel } from './local-label.ts';

/** The length of a shift if the site sets none. */
const SHIFT_HOURS = 12;
const MS_IN_HOUR = 3_600_000;
/**
 * How many characters of the Patient ID a label shows. For an ID of this length or shorter, the first character is
 * left out, so that the ID is never shown in full.
 */
const LAST = 3;

/** A person's name (PS3.5 §6.2.1) as initials, given name first: "Müller^Jörg" → "J. M."; empty if there is no name. */
function initialsOf(value: string): string {
  const group = value.split('=').find((each) => each.replaceAll('^', '').trim() !== '') ?? '';
  const [family = '', given = ''] = group.split('^').map((part) => part.trim());
  const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  const firsts = [given, family].flatMap((part) => [...graphemes.segment(part)].slice(0, 1));
  return firsts.map(({ segment }) => `${segment.toLocaleUpperCase()}.`).join(' ');
}

/** `J. M. …345`; null if there is neither a name nor an ID of at least two characters. */
export function labelOf({
  patientName,
  patientId,
}: Pick<StudyTitle, 'patientName' | 'patientId'>): string | null {
  const id = [...patientId.trim()];
  const last = id.slice(Math.max(1, id.length - LAST)).join('');
  return [initialsOf(patientName), last && `…${last}`].filter(Boolean).join(' ') || null;
}

/**
 * When the current shift ends, counting shifts from `from`. A person who stays signed in then begins another shift,
 * so that no label is kept longer than one. Milliseconds since 1970.
 */
export function shiftEnd(from: number, now: number, hours: number): number {
  const length = hours * MS_IN_HOUR;
  return from + Math.max(1, Math.floor((now - from) / length) + 1) * length;
}

/** null: the site wants no labels, or the study has neither a name nor an ID for one. */
export async function makeLabel(
  database: LocalDatabase,
  key: CryptoKey,
  { id, queuedAt, title }: Pick<StudyRow, 'id' | 'queuedAt'> & { readonly title: StudyTitle },
): Promise<Label | null> {
  const hours = (await knownPolicies(database))?.labelHours ?? SHIFT_HOURS;
  const text = labelOf(title);
  if (hours === 0 || text === null) return null;
  const from = (await knownShift(database)) ?? queuedAt;
  const sealed = await seal(key, new TextEncoder().encode(text), placeOfLabel(id));
  return { sealed, until: shiftEnd(from, queuedAt, hours) };
}
