/** The indexes of the chosen discs: studies still to be read, and missing files, as the page shows them. */
import type { DiscIndex, IndexedStudy } from '#shared/dicom/dicomdir.ts';
import { createDiscFiles, isInDoubt, studiesIn, type DiscFiles, type NamedFile } from './disc-files.ts';

export interface DiscView {
  /** How many indexes were read: they are neither instances nor refused. */
  readonly indexes: number;
  /** While files are read: studies that the index names and of which none was read so far. */
  readonly expected: readonly IndexedStudy[];
  /** Known once everything was read. */
  readonly missing: readonly NamedFile[];
  /** An index may not name everything. */
  readonly isInDoubt: boolean;
  /** Reading ended before every file of a choice was known and read. */
  readonly isCut: boolean;
}

export const NO_DISC: DiscView = { indexes: 0, expected: [], missing: [], isInDoubt: false, isCut: false };

/** How many files were not read where reading was stopped: at least one, for they may not have been listed. */
export const unreadOf = (
  { isCut }: DiscView,
  { filesFound, filesRead }: { readonly filesFound: number; readonly filesRead: number },
): number => (isCut ? Math.max(1, filesFound - filesRead) : 0);

/** One choice of files. */
export interface ChosenDisc {
  readonly files: DiscFiles;
  /** Every file of it is known: only then can one be missing. */
  isListed: boolean;
  /** Its files that are not sent, each as the page lists it. */
  readonly rejected: Set<object>;
}

export interface Discs {
  begin(): ChosenDisc;
  noteInstance(uids: { readonly studyInstanceUID: string; readonly sopInstanceUID: string }): void;
  clear(): void;
  view(isReading: boolean): DiscView;
  /** True where a disc was chosen of which no instance was found, or only its index. */
  readonly hasIndexAlone: boolean;
}

export function createDiscs(): Discs {
  let chosen: ChosenDisc[] = [];
  const instances = new Set<string>();
  const studies = new Set<string>();
  let known: { readonly of: string; readonly missing: readonly NamedFile[] } | null = null;
  /** Computed again only after a change: the page is drawn far more often, and a disc has 50 000 files. */
  const missing = (): readonly NamedFile[] => {
    const listed = chosen.filter(({ isListed }) => isListed);
    const of = [instances.size, ...chosen.map(({ isListed, files }) => `${isListed}${files.version}`)].join();
    if (known?.of !== of)
      known = {
        of,
        missing: onceEach(listed.flatMap(({ files }) => files.missing((uid) => instances.has(uid)))),
      };
    return known.missing;
  };
  const indexes = (): readonly DiscIndex[] => chosen.flatMap(({ files }) => files.indexes);
  return {
    begin() {
      const disc = { files: createDiscFiles(), isListed: false, rejected: new Set<object>() };
      chosen.push(disc);
      return disc;
    },
    noteInstance({ studyInstanceUID, sopInstanceUID }) {
      instances.add(sopInstanceUID);
      studies.add(studyInstanceUID);
    },
    clear() {
      chosen = [];
      known = null;
      instances.clear();
      studies.clear();
    },
    view(isReading) {
      const all = indexes();
      const isCut = !isReading && chosen.some(({ isListed }) => !isListed);
      if (all.length === 0) return isCut ? { ...NO_DISC, isCut } : NO_DISC;
      return {
        indexes: all.length,
        expected: isReading ? expectedOf(all, studies) : [],
        missing: isReading ? [] : missing(),
        isInDoubt: all.some(isInDoubt),
        isCut,
      };
    },
    get hasIndexAlone() {
      return instances.size === 0 && indexes().length > 0;
    },
  };
}

/** A disc may be chosen twice. */
const onceEach = (missing: readonly NamedFile[]): readonly NamedFile[] => [
  ...new Map(missing.map((file) => [file.sopInstanceUID || {}, file])).values(),
];

/** A study is expected once, however many indexes name it. */
function expectedOf(indexes: readonly DiscIndex[], found: ReadonlySet<string>): readonly IndexedStudy[] {
  const expected = new Map<string, IndexedStudy>();
  for (const study of indexes.flatMap(studiesIn))
    if (study.studyInstanceUID !== '' && !found.has(study.studyInstanceUID))
      expected.set(study.studyInstanceUID, study);
  return [...expected.values()];
}
