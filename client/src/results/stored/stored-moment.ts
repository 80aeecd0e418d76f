/** A date and time from an instance, in words. */
import { formatDicomDate, formatMoment } from '../../kit/format.ts';
import { storedWords } from '../parts/stored-words.ts';
import type { StoredHead } from './read-stored.ts';

/**
 * The placeholder date in a result whose study date was removed with the names
 * (gateway/src/dicom-results/source-modules.ts).
 */
const NO_DATE = '19000101';
/** A reference day on which no instance was made, so that the formatted time always includes the day. */
const BEFORE_ALL = new Date(0);

/**
 * `date` as a DA; `time` as a TM, or the part of a DT after the day (PS3.5 §6.2): `HHMMSS.FFFFFF&ZZXX`, or a part of
 * it. A time with a zone is converted to this device's time, as everywhere else. Null: not given.
 */
export function momentSaid(
  date: string,
  time: string,
  { isDeidentified }: Pick<StoredHead, 'isDeidentified'>,
): string | null {
  if (isDeidentified && date === NO_DATE) return storedWords.head.removed;
  const day = formatDicomDate(date);
  const [, hours, minutes, zone = ''] = /^(\d{2})(\d{2})[\d.]*([+-]\d{4})?/.exec(time) ?? [];
  if (day === null || hours === undefined) return day;
  if (zone === '') return `${day} ${hours}:${minutes}`;
  const at = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6, 8)}T${hours}:${minutes}`;
  return formatMoment(new Date(`${at}${zone.slice(0, 3)}:${zone.slice(3)}`), BEFORE_ALL);
}
