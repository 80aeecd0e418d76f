/** The indexes of the chosen discs as the page shows them: studies still to be read, and missing files. */
import type { DiscIndex, IndexedStudy } from '#shared/dicom/dicomdir.ts';
import type { Collected, CollectedFile } from './collect-files.ts';
import type { UnreadFiles } from '../../queue/queued-study.ts';
import {
  createDiscFiles,
  isInDoubt,
  kindOf,
  studiesIn,
  type DiscFiles,
  type NamedFile,
} from './disc-files.ts';

export interface DiscView {
  /** How many indexes were read. They are neither instances nor refused. */
  readonly indexes: number;
  /** While files are read: studies in the index of which no file was read so far. */
  readonly expected: readonly IndexedStudy[];
  /** Known once everything was read. */
  readonly missing: readonly NamedFile[];
  /** True if an index may be incomplete. */
  readonly isInDoubt: boolean;
  /** Known once reading has ended: set if it ended too early. */
  readonly stopped: Stopped | null;
  /** Unread files that a person left out. */
  readonly leftUnread: readonly LeftUnread[];
  /** Keys of earlier choices (`LeftBehind`) whose unread files were read in these. */
  readonly readAgain: readonly string[];
}

export const NO_DISC: DiscView = {
  ...{ indexes: 0, expected: [], missing: [], isInDoubt: false },
  ...{ stopped: null, leftUnread: [], readAgain: [] },
};

/** Choices whose reading ended before all files were listed and read, with no decision about the rest yet. */
export interface Stopped {
  readonly filesRead: number;
  readonly filesFound: number;
  /** Whether every file is listed, so that there are no more than `filesFound`. */
  readonly isListed: boolean;
  /** Whether the rest can be read from where reading ended. */
  readonly canContinue: boolean;
  /** Study Instance UIDs of the studies in the files that were read. They may be incomplete. */
  readonly studies: ReadonlySet<string>;
}

/** At least one, because some files may not have been listed. */
export const unreadOf = ({ filesFound, filesRead }: Pick<Stopped, 'filesFound' | 'filesRead'>): number =>
  Math.max(1, filesFound - filesRead);

/** Unread files of one choice. */
export interface LeftUnread extends UnreadFiles {
  readonly from: string;
  /** Study Instance UIDs of the studies found in the choice. */
  readonly studies: ReadonlySet<string>;
  readonly folders: readonly UnreadFolder[];
  readonly read: ReadPart;
}

/** A chosen folder, archive or file, and how many of its files were not read. */
export type UnreadFolder = Pick<UnreadFiles, 'files' | 'isAtLeast'> & { readonly path: string };

/** What is known about a choice of which some files were not read. */
type ReadPart = Pick<ChosenDisc, 'files' | 'instances' | 'listing'>;

function foldersOf(disc: ChosenDisc): readonly UnreadFolder[] {
  const top = (path: string): string => path.split('/', 1)[0]!;
  const isAtLeast = disc.listing !== 'done';
  const waiting = Map.groupBy(disc.waiting, ({ file }) => top(file.path));
  if (waiting.size > 0) return [...waiting].map(([path, { length: files }]) => ({ path, files, isAtLeast }));
  return [{ path: top(disc.files.paths[0] ?? ''), files: unreadOf(disc), isAtLeast }];
}

/** The unread files that were left out of the choices in which this study was found; null: there are none. */
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

/** A file, and its position among all that were chosen. */
export type Numbered = { readonly file: CollectedFile; readonly ordinal: number };

/** A choice of files. They are listed ahead of reading, so that their number is known early. */
export interface ChosenDisc {
  readonly id: string;
  readonly source: AsyncIterator<Collected>;
  readonly files: DiscFiles;
  /** Files that are listed and not read yet, in order. */
  readonly waiting: Numbered[];
  filesFound: number;
  filesRead: number;
  /** `lost`: the page can no longer list the files. */
  listing: 'under-way' | 'done' | 'lost';
  isBeingListed: boolean;
  /** Called when a file was listed, when all were, or when listing failed with `error`. */
  onListed: (error?: unknown) => void;
  /** Whether a person decided that the rest is not wanted. */
  isLeftOut: boolean;
  /** Study Instance UIDs of the instances that were read in the choice. */
  readonly studies: Set<string>;
  /** SOP Instance UIDs of these instances. */
  readonly instances: Set<string>;
  /** How the files of these instances are named (`kindOf`). */
  readonly kinds: Set<string>;
  /** Files of the choice that are not sent, as the objects in the page's list. */
  readonly rejected: Set<object>;
}

/** Whether every file of the choice was listed and read; only then can one be missing. */
const isRead = ({ listing, filesFound, filesRead }: ChosenDisc): boolean =>
  listing === 'done' && filesRead === filesFound;

/**
 * Whether `other` was read and contains the files of this choice: the same names, and every instance that was read
 * here. Names alone say little, because many discs use the same ones.
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
  /** False once the choice was cleared. */
  has(disc: ChosenDisc): boolean;
  /** The stopped choices about which nobody has decided, while nothing is being read. */
  stopped(): readonly ChosenDisc[];
  clear(): void;
  /** `left`: files that were left out of earlier choices. */
  view(isReading: boolean, left?: LeftBefore): DiscView;
  /** True if a disc was chosen of which only the index, or no instance, was found. */
  readonly hasIndexAlone: boolean;
}

export function createDiscs(): Discs {
  let chosen: ChosenDisc[] = [];
  const instances = new Set<string>();
  const studies = new Set<string>();
  let known: { readonly of: string; readonly missing: readonly NamedFile[] } | null = null;
  /** Recomputed only after a change: the page is rendered far more often, and a disc may have 50 000 files. */
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

/** Lists each file once, because a disc may be chosen twice. */
const onceEach = (missing: readonly NamedFile[]): readonly NamedFile[] => [
  ...new Map(missing.map((file) => [file.sopInstanceUID || {}, file])).values(),
];

/** Lists each expected study once, however many indexes name it. */
function expectedOf(indexes: readonly DiscIndex[], found: ReadonlySet<string>): readonly IndexedStudy[] {
  const expected = new Map<string, IndexedStudy>();
  for (const study of indexes.flatMap(studiesIn))
    if (study.studyInstanceUID !== '' && !found.has(study.studyInstanceUID))
      expected.set(study.studyInstanceUID, study);
  return [...expected.values()];
}
