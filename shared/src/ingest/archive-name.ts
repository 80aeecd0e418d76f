/**
 * By name only: a .zip that is no archive is refused as damaged, an archive under another name is not DICOM.
 */
export const isArchiveName = (name: string): boolean => /\.zip$/i.test(name);
