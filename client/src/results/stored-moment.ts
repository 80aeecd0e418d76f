/** A date and time as given in an instance. */
import { formatDicomDate } from '../kit/format.ts';
import { storedWords } from './stored-words.ts';
import type { StoredHead } from './read-stored.ts';

/**
 * The date in a result whose study's date was removed with the names
 * (gateway/src/dicom-results/source-modules.ts).
 */
const NO_DATE = '19000101';

/**
 * `date` as a DA; `time` as a TM, or what follows the day in a DT (PS3.5 §6.2): `HHMMSS.FFFFFF&ZZXX`, or a
 * part of it. Null: not given.
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
