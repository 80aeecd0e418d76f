/** Makes the local label of a study when it is queued. Pure, except for `makeLabel`. */
import type { StudyTitle } from '../queued-study.ts';
import { seal } from './device-key.ts';
import { knownPolicies, knownShift } from './device-notes.ts';
import type { Label, LocalDatabase, StudyRow } from './local-database.ts';
import { placeOfLabel } from './local-label.ts';

/** A shift, where the site says nothing else. */
const SHIFT_HOURS = 12;
const MS_IN_HOUR = 3_600_000;
/**
 * The last characters of the Patient ID in a label; of an ID as short or shorter all but the first, so that it is
 * never told whole.
 */
const LAST = 3;

/**
 * A person's name (PS3.5 §6.2.1) as initials, given name first: "Müller^Jörg" → "J. M."; empty where there is no
 * name.
 */
function initialsOf(value: string): string {
  const group = value.split('=').find((each) => each.replaceAll('^', '').trim() !== '') ?? '';
  const [family = '', given = ''] = group.split('^').map((part) => part.trim());
  const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  const firsts = [given, family].flatMap((part) => [...graphemes.segment(part)].slice(0, 1));
  return firsts.map(({ segment }) => `${segment.toLocaleUpperCase()}.`).join(' ');
}

/** `J. M. …345`; null: there is neither a name nor an ID of two characters. */
export function labelOf({
  patientName,
  patientId,
}: Pick<StudyTitle, 'patientName' | 'patientId'>): string | null {
  const id = [...patientId.trim()];
  const last = id.slice(Math.max(1, id.length - LAST)).join('');
  return [initialsOf(patientName), last && `…${last}`].filter(Boolean).join(' ') || null;
}

/**
 * When the shift ends that began at `from`. A person who stays signed in begins another one then, so that no label
 * lives longer than one shift. Milliseconds since 1970.
 */
export function shiftEnd(from: number, now: number, hours: number): number {
  const length = hours * MS_IN_HOUR;
  return from + Math.max(1, Math.floor((now - from) / length) + 1) * length;
}

/** null: the site wants none, or there is nothing to make one of. */
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
