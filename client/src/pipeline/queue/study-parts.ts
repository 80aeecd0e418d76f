/** What a study is of, in one line: its date, modality, body part and description. */
import { formatDicomDate } from '../../kit/format.ts';
import type { StudyTitle } from './queued-study.ts';

/** Date, modality, body part and description, as far as known, in this order. */
export function partsOf(
  title: Pick<StudyTitle, 'studyDate' | 'modalities' | 'description'> & {
    readonly bodyParts: readonly string[];
  },
): readonly string[] {
  const parts = [
    formatDicomDate(title.studyDate),
    title.modalities.join('/'),
    title.bodyParts.map(toReadable).join(', '),
    // Some scanners separate its parts with ^, as in a name.
    title.description.replace(/\^+/g, ' ').trim(),
  ];
  return parts.filter((part): part is string => part !== null && part !== '');
}

/** Body Part Examined (0018,0015) is a code of capitals: CHEST → Chest. */
export function toReadable(code: string): string {
  return code === code.toUpperCase() ? code.charAt(0) + code.slice(1).toLowerCase() : code;
}
