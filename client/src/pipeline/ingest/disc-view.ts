/** The indexes of the chosen discs: studies still to be read, and missing files, as the page shows them. */
import type { DiscIndex, IndexedStudy } from '#shared/dicom/dicomdir.ts';
import type { Collected, CollectedFile } from './collect-files.ts';
import type { UnreadFiles } from '../queue/queued-study.ts';
import {
  createDiscFiles,
  isInDoubt,
  kindOf,
  studiesIn,
  type DiscFiles,
  type NamedFile,
} from './disc-files.ts';

export interface DiscView {
  /** How many indexes were read: they are neither instances nor refused. */
  readonly indexes: number;
  /** While files are read: studies that the index names and of which none was read so far. */
  readonly expected: readonly IndexedStudy[];
  /** Known once everything was read. */
  readonly missing: readonly NamedFile[];
  /** An index may not name everything. */
  readonly isInDoubt: boolean;
  /** Known once nothing is being read: where it ended too early. */
  readonly stopped: Stopped | null;
  /** Files that were not read, and that a person left out. */
  readonly leftUnread: readonly LeftUnread[];
  /** Keys of earlier choices (`LeftBehind`) whose unread files were read among these. */
  readonly readAgain: readonly string[];
}

export const NO_DISC: DiscView = {
  ...{ indexes: 0, expected: [], missing: [], isInDoubt: false },
  ...{ stopped: null, leftUnread: [], readAgain: [] },
};

/** Choices of which reading ended before every file was known and read, and nobody has decided about the rest. */
export interface Stopped {
  readonly filesRead: number;
  readonly filesFound: number;
  /** Every file is known: there are no more than `filesFound`. */
  readonly isListed: boolean;
  /** The rest can be read from where it ended. */
  readonly canContinue: boolean;
  /** Study Instance UIDs of those found in them: nobody knows whether they are whole. */
  readonly studies: ReadonlySet<string>;
}

/** At least one: they may not have been listed. */
export const unreadOf = ({ filesFound, filesRead }: Pick<Stopped, 'filesFound' | 'filesRead'>): number =>
  Math.max(1, filesFound - filesRead);

/** Unread files of one choice. */
export interface LeftUnread extends UnreadFiles {
  readonly from: string;
  /** Study Instance UIDs of those found in it. */
  readonly studies: ReadonlySet<string>;
  readonly folders: readonly UnreadFolder[];
  readonly read: ReadPart;
}

/** A folder or an archive that was chosen, or a file, and how many of its files were not read. */
export type UnreadFolder = Pick<UnreadFiles, 'files' | 'isAtLeast'> & { readonly path: string };

/** Knowledge of a choice of which some files were not read. */
type ReadPart = Pick<ChosenDisc, 'files' | 'instances' | 'listing'>;

function foldersOf(disc: ChosenDisc): readonly UnreadFolder[] {
  const top = (path: string): string => path.split('/', 1)[0]!;
  const isAtLeast = disc.listing !== 'done';
  const waiting = Map.groupBy(disc.waiting, ({ file }) => top(file.path));
  if (waiting.size > 0) return [...waiting].map(([path, { length: files }]) => ({ path, files, isAtLeast }));
  return [{ path: top(disc.files.paths[0] ?? ''), files: unreadOf(disc), isAtLeast }];
}

/** The files that were left out unread of choices in which this study was found; null: none were. */
export function leftUnreadOf(
  { leftUnread }: Pick<DiscView, 'leftUnread'>,
  studyInstanceUID: string,
): UnreadFiles | null {
  const those = leftUnread.filter(({ studies }) => studies.has(studyInstanceUID));
  if (those.length === 0) return null;
  return {
    files: countUnread(those),
    isAtLeast: those.some(({ isAtLeast }) => isAtLeast),
    from: those.map(({ from }) => from).join(' '),
  };
}

export const countUnread = (left: readonly Pick<UnreadFiles, 'files'>[]): number =>
  left.reduce((sum, { files }) => sum + files, 0);

/** A file, and its place among all that were chosen. */
export type Numbered = { readonly file: CollectedFile; readonly ordinal: number };

/** A choice of files: listed ahead of reading, so that their number is known early. */
export interface ChosenDisc {
  readonly id: string;
  readonly source: AsyncIterator<Collected>;
  readonly files: DiscFiles;
  /** Listed and not read yet, in their order. */
  readonly waiting: Numbered[];
  filesFound: number;
  filesRead: number;
  /** `lost`: the page can no longer list them. */
  listing: 'under-way' | 'done' | 'lost';
  isBeingListed: boolean;
  /** Called when a file was listed, all were, or listing failed with `error`. */
  onListed: (error?: unknown) => void;
  /** A person decided that the rest is not wanted. */
  isLeftOut: boolean;
  /** Study Instance UIDs of the instances that were read in it. */
  readonly studies: Set<string>;
  /** SOP Instance UIDs of these instances. */
  readonly instances: Set<string>;
  /** How their files are called (`kindOf`). */
  readonly kinds: Set<string>;
  /** Files of the choice that are not sent, each as the page lists it. */
  readonly rejected: Set<object>;
}

/** Every file of it is known and read: only then can one be missing. */
const isRead = ({ listing, filesFound, filesRead }: ChosenDisc): boolean =>
  listing === 'done' && filesRead === filesFound;

/**
 * Whether `other` was read, and holds the files of this one: it has their names, and every instance that was read of
 * it. Names alone tell little: many discs have the same.
 */
function isReadIn({ files, instances, listing }: ReadPart, other: ChosenDisc): boolean {
  if (listing !== 'done' || !isRead(other)) return false;
  if (instances.size === 0 || !instances.isSubsetOf(other.instances)) return false;
  const paths = new Set(other.files.paths);
  return files.paths.every((path) => paths.has(path));
}

const leftUnreadIn = (chosen: readonly ChosenDisc[]): readonly LeftUnread[] =>
  chosen
    .filter((disc) => disc.isLeftOut && !chosen.some((other) => isReadIn(disc, other)))
    .map((disc) => ({
      files: unreadOf(disc),
      isAtLeast: disc.listing !== 'done',
      from: disc.id,
      studies: disc.studies,
      folders: foldersOf(disc),
      read: disc,
    }));

/** Files of earlier choices, by their keys. */
type LeftBefore = ReadonlyMap<string, { readonly read?: ReadPart | undefined }>;

const readAgainIn = (chosen: readonly ChosenDisc[], left: LeftBefore): readonly string[] =>
  [...left].flatMap(([key, { read }]) => (read && chosen.some((other) => isReadIn(read, other)) ? key : []));

interface Discs {
  begin(source: AsyncIterable<Collected>): ChosenDisc;
  noteInstance(
    disc: ChosenDisc,
    uids: { readonly studyInstanceUID: string; readonly sopInstanceUID: string },
    path: string,
  ): void;
  /** False once it was cleared. */
  has(disc: ChosenDisc): boolean;
  /** While nothing is being read: those that were stopped, and nobody has decided about. */
  stopped(): readonly ChosenDisc[];
  clear(): void;
  /** `left`: files that were left out of earlier choices. */
  view(isReading: boolean, left?: LeftBefore): DiscView;
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
    const listed = chosen.filter(isRead);
    const of = [instances.size, ...chosen.map((disc) => `${isRead(disc)}${disc.files.version}`)].join();
    if (known?.of !== of)
      known = {
        of,
        missing: onceEach(listed.flatMap(({ files }) => files.missing((uid) => instances.has(uid)))),
      };
    return known.missing;
  };
  const stopped = (): readonly ChosenDisc[] => chosen.filter((disc) => !disc.isLeftOut && !isRead(disc));
  const indexes = (): readonly DiscIndex[] => chosen.flatMap(({ files }) => files.indexes);
  return {
    begin(source) {
      const disc = openDisc(source);
      chosen.push(disc);
      return disc;
    },
    has: (disc) => chosen.includes(disc),
    stopped,
    noteInstance(disc, { studyInstanceUID, sopInstanceUID }, path) {
      disc.kinds.add(kindOf(path));
      disc.studies.add(studyInstanceUID);
      disc.instances.add(sopInstanceUID);
      instances.add(sopInstanceUID);
      studies.add(studyInstanceUID);
    },
    clear() {
      chosen = [];
      known = null;
      instances.clear();
      studies.clear();
    },
    view(isReading, left = new Map()) {
      const all = indexes();
      const ended = isReading ? null : joined(stopped());
      const leftUnread = isReading ? [] : leftUnreadIn(chosen);
      const readAgain = isReading ? [] : readAgainIn(chosen, left);
      const unread = { stopped: ended, leftUnread, readAgain };
      const isAsUsual = ended === null && leftUnread.length + readAgain.length === 0;
      if (all.length === 0) return isAsUsual ? NO_DISC : { ...NO_DISC, ...unread };
      return {
        ...unread,
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

function openDisc(source: AsyncIterable<Collected>): ChosenDisc {
  return {
    id: crypto.randomUUID(),
    source: source[Symbol.asyncIterator](),
    files: createDiscFiles(),
    waiting: [],
    filesFound: 0,
    filesRead: 0,
    listing: 'under-way',
    isBeingListed: false,
    onListed: () => undefined,
    isLeftOut: false,
    studies: new Set(),
    instances: new Set(),
    kinds: new Set(['.dcm']),
    rejected: new Set(),
  };
}

function joined(discs: readonly ChosenDisc[]): Stopped | null {
  if (discs.length === 0) return null;
  const sumOf = (of: 'filesRead' | 'filesFound'): number => discs.reduce((sum, disc) => sum + disc[of], 0);
  return {
    filesRead: sumOf('filesRead'),
    filesFound: sumOf('filesFound'),
    isListed: discs.every(({ listing }) => listing === 'done'),
    canContinue: discs.every(({ listing }) => listing !== 'lost'),
    studies: new Set(discs.flatMap(({ studies }) => [...studies])),
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
