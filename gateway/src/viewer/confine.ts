/** The addresses of DICOMweb that a token of the viewer reaches: those of its study, and no others. */

/** Study Instance UID, by keyword and by tag, as a search names it. */
const isStudyKey = (name: string): boolean =>
  name === 'StudyInstanceUID' || name.toUpperCase() === '0020000D';

/**
 * The address to ask; null: it is about something else. A search for studies finds this one alone, even if it asks for
 * all of a patient's, as OHIF does.
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
