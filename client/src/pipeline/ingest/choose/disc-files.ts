/**
 * Compares the indexes of discs with the chosen files. There is one object for each choice (a folder, a drop, or the
 * paths of a command), so that two discs with files of the same name are kept apart.
 *  Discs and systems write names differently: upper and lower case may be lost, ISO 9660 adds a version (`;1`) and a
 * dot to names without an extension, copying programs add `.DCM`, and Windows uses backslashes. Such names still mean
 * the same file.
 */
import type { DiscIndex, IndexedFile, IndexedStudy } from '#shared/dicom/dicomdir.ts';
import { RECORD_LIMIT } from '#shared/dicom/limits.ts';
import { isCutOrDamaged, isNotDicom } from '#shared/protocol/reason-kinds.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';

/** A file that the disc's index names. */
export interface NamedFile {
  /** The path in the index, relative to the folder of the index. */
  readonly path: string;
  /** Null if the file belongs to no study. */
  readonly study: IndexedStudy | null;
  /** The UID in the index, or empty. */
  readonly sopInstanceUID: string;
}

export interface DiscFiles {
  readonly indexes: readonly DiscIndex[];
  /** Increases with each path and index. */
  readonly version: number;
  /** Called for each file of the choice, including refused ones. */
  notePath(path: string): void;
  readonly paths: readonly string[];
  /**
   * `path`: the location of the index. All indexes of a choice share one budget of records. An index that exceeds it
   * is kept as one that names nothing, with a fault that says so.
   */
  noteIndex(path: string, index: DiscIndex): void;
  /**
   * `hasInstance`: whether an instance was found under any name. A File ID that occurs in several records is missing
   * only once.
   */
  missing(hasInstance: (sopInstanceUID: string) => boolean): readonly NamedFile[];
  /** What the indexes name under the path of a chosen file. Known once every index of the choice was read. */
  named(path: string): NamedFile | null;
}

interface FoundIndex {
  readonly folder: string;
  readonly index: DiscIndex;
}

export function createDiscFiles(): DiscFiles {
  const paths: string[] = [];
  const found: FoundIndex[] = [];
  let names: readonly Names[] = [];
  let left = RECORD_LIMIT;
  return {
    get version() {
      return paths.length + found.length;
    },
    get indexes() {
      return found.map(({ index }) => index);
    },
    notePath: (path) => void paths.push(path),
    paths,
    noteIndex(path, index) {
      const size = recordsOf(index);
      const kept = size > left ? emptied(index) : index;
      if (kept === index) left -= size;
      found.push({
        folder: path.slice(0, Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1),
        index: kept,
      });
    },
    missing(hasInstance) {
      const chosen = paths.map(plainPath);
      return found.map(readNames).flatMap(({ all, at }) => {
        const present = new Set(chosen.map(at));
        return all.filter((file) => !hasInstance(file.sopInstanceUID) && !present.has(file));
      });
    },
    named(path) {
      names = names.length === found.length ? names : found.map(readNames);
      return names.map(({ at }) => at(plainPath(path))).find((file) => file !== undefined) ?? null;
    },
  };
}

interface Names {
  readonly all: readonly NamedFile[];
  /** By the normalised path of a chosen file. */
  at(plain: string): NamedFile | undefined;
}

function readNames({ folder, index }: FoundIndex): Names {
  const all = namedBy(index);
  const byPath = new Map(all.map((file) => [plainPath(folder + file.path), file]));
  const byName = Map.groupBy(all, ({ path }) => nameIn(path));
  // Files that are chosen individually come without their folders.
  const alone = (plain: string): NamedFile | undefined => {
    const same = folder === '' ? byName.get(plain) : undefined;
    return same?.length === 1 ? same[0] : undefined;
  };
  const at = (plain: string): NamedFile | undefined => byPath.get(plain) ?? alone(plain);
  return { all, at: (plain) => at(plain) ?? (plain.endsWith('.DCM') ? at(plain.slice(0, -4)) : undefined) };
}

/** Why a file is not sent that the disc's index names as an instance. Null if the index changes nothing. */
export function damagedBy(named: NamedFile | null, reason: ReasonCode): ReasonCode | null {
  if (!named?.sopInstanceUID) return null;
  if (isCutOrDamaged(reason)) return reason;
  return isNotDicom(reason) || reason === 'missing-uid' ? 'not-parseable' : null;
}

/**
 * How a file is named, in lower case: its extension or, without one, the letters of its name, because images of one
 * study differ only in their digits.
 */
export function kindOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  const dot = name.lastIndexOf('.');
  const extension = dot < 0 ? '' : lettersOf(name.slice(dot));
  return extension === '' ? lettersOf(name) : `.${extension}`;
}

const lettersOf = (text: string): string => [...text].filter((sign) => sign >= 'a' && sign <= 'z').join('');

/** Whether the index may be incomplete. */
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

function namedBy(index: DiscIndex): readonly NamedFile[] {
  if (index.kind === 'damaged') return [];
  const named = new Map<string, NamedFile>();
  const note = (files: readonly IndexedFile[], study: IndexedStudy | null): void => {
    for (const { fileId, sopInstanceUID } of files) {
      const key = plainPath(fileId);
      if (!named.has(key)) named.set(key, { path: fileId, study, sopInstanceUID });
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
