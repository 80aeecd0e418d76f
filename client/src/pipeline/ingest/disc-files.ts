/**
 * Compares what the indexes of discs name with what was chosen. One of these belongs to one choice: a folder, a
 * drop, or the paths of a command, so that two discs with files of one name are kept apart.
 *
 * Discs and systems disagree about names: a case may be lost, ISO 9660 adds a version (`;1`) and a dot to names
 * without an extension, and Windows separates by backslashes. None of these makes a file another one.
 */
import type { DiscIndex, IndexedFile, IndexedStudy } from '#shared/dicom/dicomdir.ts';
import { RECORD_LIMIT } from '#shared/dicom/limits.ts';

/** A file that the index of its disc names, and that was not chosen. */
export interface MissingFile {
  /** As the index writes it, below the folder of the index. */
  readonly path: string;
  /** Null where it belongs to no study. */
  readonly study: IndexedStudy | null;
}

export interface DiscFiles {
  readonly indexes: readonly DiscIndex[];
  /** Grows with each path and index. */
  readonly version: number;
  /** Each file of the choice, refused ones too. */
  notePath(path: string): void;
  /**
   * `path`: where the index lies. All indexes of a choice share one budget of records: one that exceeds it is
   * kept as an index that names nothing, and says so.
   */
  noteIndex(path: string, index: DiscIndex): void;
  /**
   * `hasInstance`: whether an instance was found under whatever name. A File ID that several records name is
   * missing once.
   */
  missing(hasInstance: (sopInstanceUID: string) => boolean): readonly MissingFile[];
}

export function createDiscFiles(): DiscFiles {
  const paths: string[] = [];
  const found: { readonly folder: string; readonly index: DiscIndex }[] = [];
  let left = RECORD_LIMIT;
  return {
    get version() {
      return paths.length + found.length;
    },
    get indexes() {
      return found.map(({ index }) => index);
    },
    notePath: (path) => void paths.push(path),
    noteIndex(path, index) {
      const size = recordsOf(index);
      const kept = size > left ? emptied(index) : index;
      if (kept === index) left -= size;
      found.push({ folder: path.slice(0, path.search(/[^/\\]*$/)), index: kept });
    },
    missing(hasInstance) {
      if (found.length === 0) return [];
      const chosen = new Set(paths.map(plainPath));
      return found.flatMap(({ folder, index }) => {
        const named = namedBy(index);
        const names = Map.groupBy(named, ({ path }) => nameIn(path));
        const isChosen = (path: string): boolean =>
          chosen.has(plainPath(folder + path)) ||
          // Files chosen one by one come without their folders.
          (folder === '' && chosen.has(nameIn(path)) && names.get(nameIn(path))!.length === 1);
        return named.filter(({ path, file }) => !hasInstance(file.sopInstanceUID) && !isChosen(path));
      });
    },
  };
}

/** Whether the index may not name everything. */
export function isInDoubt(index: DiscIndex): boolean {
  return index.kind === 'damaged' || index.faults.length > 0;
}

export const studiesIn = (index: DiscIndex): readonly IndexedStudy[] =>
  index.kind === 'index' ? index.studies : [];

function recordsOf(index: DiscIndex): number {
  if (index.kind === 'damaged') return 0;
  return index.studies.reduce((sum, { files }) => sum + 1 + files.length, index.others.length);
}

function emptied(index: DiscIndex): DiscIndex {
  if (index.kind === 'damaged') return index;
  return { ...index, studies: [], others: [], faults: [...index.faults, 'too-many-records'] };
}

function namedBy(index: DiscIndex): readonly (MissingFile & { readonly file: IndexedFile })[] {
  if (index.kind === 'damaged') return [];
  const named = new Map<string, MissingFile & { readonly file: IndexedFile }>();
  const note = (files: readonly IndexedFile[], study: IndexedStudy | null): void => {
    for (const file of files) {
      const key = plainPath(file.fileId);
      if (!named.has(key)) named.set(key, { path: file.fileId, study, file });
    }
  };
  for (const study of index.studies) note(study.files, study);
  note(index.others, null);
  return [...named.values()];
}

const nameIn = (path: string): string => plainPath(path.slice(path.lastIndexOf('/') + 1));

function plainPath(path: string): string {
  return path
    .split(/[/\\]/)
    .map((name) => name.replace(/;\d+$/, '').replace(/\.$/, '').toUpperCase())
    .join('/');
}
