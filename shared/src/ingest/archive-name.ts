/**
 * Judges by the name only. A .zip that is not an archive is refused as damaged; an archive under another name is not
 * DICOM.
 */
export const isArchiveName = (name: string): boolean => /\.zip$/i.test(name);
