/** Examines a folder by one check: whether the gateway may write in it. */
import {
  FOLDER_OVERFULL,
  FolderDisturbed,
  FOLDERS_NOT_ALLOWED,
  FOREIGN_ENTRY,
  PacsUnreachable,
} from '../ports/pacs/pacs.ts';
import { diagnose, type DiagnosisCode, type Finding } from './diagnoses.ts';

/** Diagnoses by the system's error codes. */
const CODES: Readonly<Record<string, DiagnosisCode>> = {
  [FOLDERS_NOT_ALLOWED]: 'folders-not-allowed',
  [FOREIGN_ENTRY]: 'foreign-entry',
  [FOLDER_OVERFULL]: 'folder-overfull',
  ENOENT: 'folder-missing',
  ENOTDIR: 'folder-missing',
  EACCES: 'folder-not-writable',
  EPERM: 'folder-not-writable',
  EROFS: 'folder-not-writable',
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
};

/** `probe`: that of the folder's adapter. */
export async function examineFolder(probe: () => Promise<void>): Promise<Finding> {
  try {
    await probe();
    return diagnose('folder-ready');
  } catch (error) {
    if (!(error instanceof PacsUnreachable)) throw error;
    const code = error.connection ?? 'unknown';
    const place = error instanceof FolderDisturbed ? error.place : '';
    return diagnose(CODES[code] ?? 'folder-fails', { code, place });
  }
}
