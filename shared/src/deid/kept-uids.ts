/** UIDs that stay as they are. */
import { isUid } from '../dicom/uid.ts';

/** The root of the standard's own UIDs (PS3.6 Annex A). */
const WELL_KNOWN = '1.2.840.10008.';

/** True for values that `uid` leaves alone: empty ones in a list, and UIDs of the standard (PS3.6 Annex A). */
export function isKeptUid(value: string): boolean {
  const uid = value.trim();
  return uid === '' || (uid.startsWith(WELL_KNOWN) && isUid(uid));
}
