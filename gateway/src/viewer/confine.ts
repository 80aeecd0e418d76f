/** Restricts a viewer token to the DICOMweb addresses of its own study. */

/** Whether a search key is the Study Instance UID, by keyword or by tag. */
const isStudyKey = (name: string): boolean =>
  name === 'StudyInstanceUID' || name.toUpperCase() === '0020000D';

/**
 * The address to ask; null: the request is about something else. A search for studies finds only this study, even where
 * OHIF asks for all studies of a patient.
 */
export function confineTo(studyInstanceUID: string, address: string): URL | null {
  const url = new URL(address);
  const [, root, level, study] = url.pathname.split('/');
  if (root !== 'dicom-web' || level !== 'studies') return null;
  if (study !== undefined) return study === studyInstanceUID ? url : null;
  for (const name of new Set(url.searchParams.keys())) {
    if (!isStudyKey(name)) continue;
    if (url.searchParams.getAll(name).some((uid) => uid !== studyInstanceUID)) return null;
    url.searchParams.delete(name);
  }
  url.searchParams.set('StudyInstanceUID', studyInstanceUID);
  return url;
}
