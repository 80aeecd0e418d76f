/** What a study is called on the screen. After completion its title is erased and it is only "Study". */
import { formatDicomDate, formatPersonName } from '../../app/format.ts';
import { words } from '../../app/words.ts';
import type { StudyTitle } from './queued.ts';

export function nameOf(title: Pick<StudyTitle, 'patientName'> | null): string {
  if (!title) return words.queue.erasedName;
  return formatPersonName(title.patientName) ?? words.upload.noPatient;
}

/** Date, modality, body part, description: what there is of it, in this order. */
export function partsOf(
  title: Pick<StudyTitle, 'studyDate' | 'modalities' | 'description'> & { readonly bodyParts: readonly string[] },
): readonly string[] {
  const parts = [
    formatDicomDate(title.studyDate),
    title.modalities.join('/'),
    title.bodyParts.map(toReadable).join(', '),
    title.description.trim(),
  ];
  return parts.filter((part): part is string => part !== null && part !== '');
}

/** Body Part Examined (0018,0015) is a code of capitals: CHEST → Chest. */
export function toReadable(code: string): string {
  return code === code.toUpperCase() ? code.charAt(0) + code.slice(1).toLowerCase() : code;
}
