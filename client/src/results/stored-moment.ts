/** A moment as an instance says it. */
import { formatDicomDate } from '../kit/format.ts';
import { storedWords } from './stored-words.ts';
import type { StoredHead } from './read-stored.ts';

/**
 * What a results' date says where its study's was taken away with the names
 * (gateway/src/dicom-results/source-modules.ts).
 */
const NO_DATE = '19000101';

/**
 * `date` as a DA; `time` as a TM, or what follows the day in a DT (PS3.5 §6.2): `HHMMSS.FFFFFF&ZZXX`, as far
 * as it goes. Null: it does not say.
 */
export function momentSaid(
  date: string,
  time: string,
  { isDeidentified }: Pick<StoredHead, 'isDeidentified'>,
): string | null {
  if (isDeidentified && date === NO_DATE) return storedWords.head.removed;
  const day = formatDicomDate(date);
  const [, hours, minutes, zone = ''] = /^(\d{2})(\d{2})[\d.]*([+-]\d{4})?/.exec(time) ?? [];
  return day !== null && hours !== undefined
    ? `${day} ${hours}:${minutes}${zone === '+0000' ? ' UTC' : zone && ` ${zone}`}`
    : day;
}
