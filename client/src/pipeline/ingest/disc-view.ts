/** The indexes of the chosen discs: studies still to be read, and missing files, as the page shows them. */
import type { DiscIndex, IndexedStudy } from '#shared/dicom/dicomdir.ts';
import { createDiscFiles, isInDoubt, studiesIn, type DiscFiles, type MissingFile } from './disc-files.ts';

export interface DiscView {
  /** How many indexes were read: they are neither instances nor refused. */
  readonly indexes: number;
  /** While files are read: studies that the index names and of which none was read so far. */
  readonly expected: readonly IndexedStudy[];
  /** Known once everything was read. */
  readonly missing: readonly MissingFile[];
  /** An index may not name everything. */
  readonly isInDoubt: boolean;
}

export const NO_DISC: DiscView = { indexes: 0, expected: [], missing: [], isInDoubt: false };

/** One choice of files. */
export interface ChosenDisc {
  readonly files: DiscFiles;
  /** Every file of it is known: only then can one be missing. */
  isListed: boolean;
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
  let known: { readonly of: string; readonly missing: readonly MissingFile[] } | null = null;
  /** Computed again only after a change: the page is drawn far more often, and a disc has 50 000 files. */
  const missing = (): readonly MissingFile[] => {
    const listed = chosen.filter(({ isListed }) => isListed);
    const of = [instances.size, ...chosen.map(({ isListed, files }) => `${isListed}${files.version}`)].join();
    if (known?.of !== of)
      known = { of, missing: listed.flatMap(({ files }) => files.missing((uid) => instances.has(uid))) };
    return known.missing;
  };
  const indexes = (): readonly DiscIndex[] => chosen.flatMap(({ files }) => files.indexes);
  return {
    begin() {
      const disc = { files: createDiscFiles(), isListed: false };
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
      if (all.length === 0) return NO_DISC;
      return {
        indexes: all.length,
        expected: isReading ? expectedOf(all, studies) : [],
        missing: isReading ? [] : missing(),
        isInDoubt: all.some(isInDoubt),
      };
    },
    get hasIndexAlone() {
      return instances.size === 0 && indexes().length > 0;
    },
  };
}

/** A study is expected once, however many indexes name it. */
function expectedOf(indexes: readonly DiscIndex[], found: ReadonlySet<string>): readonly IndexedStudy[] {
  const expected = new Map<string, IndexedStudy>();
  for (const study of indexes.flatMap(studiesIn))
    if (study.studyInstanceUID !== '' && !found.has(study.studyInstanceUID))
      expected.set(study.studyInstanceUID, study);
  return [...expected.values()];
}
