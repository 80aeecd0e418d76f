/**
 * A folder that lies, as a share or a failing disk does: files that it says are safe and that are gone, cut, empty or
 * other afterwards, that show only later, entries that are lost; a folder that is away, full, or of another kind.
 */
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { sha256 } from '#testing/sha256.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { createFolderPacs } from '../ports/pacs/folder-pacs.ts';
import { fileOf, indexOf, INCOMING } from '../ports/pacs/folder-places.ts';
import type { FoundInstance, Pacs } from '../ports/pacs/pacs.ts';
import { addFault, inTurn, oneOf, type Found, type Liar, type LiarOptions } from './liar.ts';

/** Ways in which files are lost after they were said to be stored. */
const LOSSES = ['gone', 'cut', 'empty', 'turned', 'a-folder', 'a-link', 'unlisted', 'later'] as const;
/** States of the folder in which nothing can be stored. */
const ILLNESSES = ['away', 'a-file', 'full', 'incoming-is-a-file', 'study-is-a-file', 'outside'] as const;

type Cell =
  | { readonly loss: (typeof LOSSES)[number]; readonly of: 'all' | 'half' }
  | { readonly illness: (typeof ILLNESSES)[number] };

export const folderCells: readonly Cell[] = [
  ...LOSSES.flatMap((loss) => (['all', 'half'] as const).map((of) => ({ loss, of }))),
  ...ILLNESSES.map((illness) => ({ illness })),
];

type Conduct = Partial<{
  loss: (typeof LOSSES)[number];
  of: 'all' | 'half';
  illness: (typeof ILLNESSES)[number];
}>;

const MINUTE_MS = 60_000;
const LATE_MS = [5_000, 20_000, MINUTE_MS, 9 * MINUTE_MS] as const;

type Said = { readonly at: number; isSaid: boolean; isDenied: boolean };
type State = Pick<LiarOptions, 'now' | 'patienceMs'> & {
  readonly root: string;
  conduct: Conduct;
  lateMs: number;
  readonly known: Map<string, SyntheticInstance['identifiers']>;
  /** Whole in its place, by SOP Instance UID: what it said of it. */
  readonly said: Map<string, Said>;
  /** Files that show later, or when it is honest again. */
  readonly hidden: Map<string, { readonly until: number }>;
  stored: number;
  readonly saidRefused: Set<string>;
  readonly doubled: string[];
  readonly foreign: string[];
  readonly faults: Map<string, number>;
};

const NAME = 'pacs';
const folderOf = ({ root }: State): string => join(root, NAME);
/** The place of the folder's files while something else has its name. */
const awayFrom = ({ root }: State): string => join(root, 'away');
const hiddenAt = ({ root }: State, uid: string): string => join(root, 'hidden', uid);

export async function openFolderLiar(options: LiarOptions): Promise<Liar> {
  const root = await mkdtemp(join(tmpdir(), 'relay-lying-folder-'));
  const state: State = {
    ...{ now: options.now, patienceMs: options.patienceMs, root, conduct: {}, lateMs: 0, stored: 0 },
    ...{ known: new Map(), said: new Map(), hidden: new Map() },
    ...{ saidRefused: new Set<string>(), doubled: [], foreign: [], faults: new Map() },
  };
  await mkdir(folderOf(state));
  await mkdir(join(root, 'hidden'));
  const nextCell = inTurn(folderCells, options);
  const { known, said, saidRefused, doubled, foreign, faults } = state;
  return {
    ...{ saidRefused, doubled, foreign, faults, saidKept: null },
    openPacs: () => lyingFolder(state),
    beHonest: () => heal(state),
    async lie(how, _uids, random) {
      await heal(state);
      const cell = nextCell();
      // An illness comes with a loss: a folder that was away has lost something when it is back.
      const also = how === 'illness' ? oneOf(folderCells, random) : {};
      state.conduct = { ...also, ...cell };
      state.lateMs = oneOf(LATE_MS, random);
      await fallIll(state);
      return { told: state.conduct, restarts: random() < 0.2 };
    },
    holds: (uid, digest) => holds(state, uid, digest),
    isDenied: (uid) => said.get(uid)?.isDenied === true,
    cellsMet: () => new Map([...faults].filter(([kind]) => /^(loses|is) /.test(kind))),
    expect(instances) {
      for (const { identifiers } of instances) known.set(identifiers.sopInstanceUID, identifiers);
    },
    async forget(uids) {
      for (const uid of uids) {
        said.delete(uid);
        state.hidden.delete(uid);
        await rm(pathOf(state, uid), { recursive: true, force: true });
        addFault(faults, 'forgets');
      }
    },
    close: () => rm(root, { recursive: true, force: true }),
  };
}

const whereOf = ({ known }: State, uid: string): FoundInstance => known.get(uid)!;
const pathOf = (state: State, uid: string): string => join(folderOf(state), ...fileOf(whereOf(state, uid)));

async function holds(state: State, uid: string, digest: string): Promise<Found> {
  const where = whereOf(state, uid);
  const places = [awayFrom(state), folderOf(state)].map((folder) => join(folder, ...fileOf(where)));
  for (const path of [...places, hiddenAt(state, uid)]) {
    const bytes = await readFile(path).catch(() => null);
    if (bytes !== null) return sha256(bytes) === digest ? 'same' : 'other';
  }
  return 'none';
}

/** Something else takes the folder's name, or that of a folder in it. */
async function fallIll(state: State): Promise<void> {
  const { conduct, faults } = state;
  const folder = folderOf(state);
  const { illness } = conduct;
  if (illness === undefined) return;
  addFault(faults, `is ${illness}`);
  switch (illness) {
    case 'away':
      return rename(folder, awayFrom(state));
    case 'a-file':
      await rename(folder, awayFrom(state));
      return writeFile(folder, '');
    case 'outside':
      await rename(folder, awayFrom(state));
      return symlink(tmpdir(), folder);
    case 'incoming-is-a-file':
      await rm(join(folder, ...INCOMING), { recursive: true, force: true });
      await mkdir(join(folder, ...INCOMING, '..'), { recursive: true });
      return writeFile(join(folder, ...INCOMING), '');
    // When something is stored (lyingFolder).
    case 'study-is-a-file':
    case 'full':
      return;
    default:
      return illness satisfies never;
  }
}

async function heal(state: State): Promise<void> {
  const { conduct, hidden } = state;
  const folder = folderOf(state);
  switch (conduct.illness) {
    case 'away':
    case 'a-file':
    case 'outside':
      await rm(folder, { force: true });
      await rename(awayFrom(state), folder);
      break;
    case 'incoming-is-a-file':
      await rm(join(folder, ...INCOMING), { recursive: true, force: true });
      break;
    case 'study-is-a-file':
      for (const entry of await readdir(folder, { withFileTypes: true }))
        if (entry.isFile()) await rm(join(folder, entry.name));
      break;
    default:
  }
  state.conduct = {};
  for (const [uid, { until }] of hidden) if (until === Infinity) await show(state, uid);
}

/** Puts a hidden file back, unless another one has its place by now. */
async function show(state: State, uid: string): Promise<void> {
  state.hidden.delete(uid);
  const path = pathOf(state, uid);
  const there = await lstat(path).catch(() => null);
  if (there?.isFile() === true) return rm(hiddenAt(state, uid));
  // A folder or a link stands in its way.
  await rm(path, { recursive: true, force: true });
  await rename(hiddenAt(state, uid), path);
}

/** The adapter before it, with what it does on the way. */
function lyingFolder(state: State): Pacs {
  const settings = { root: state.root, folder: NAME };
  const honest = createFolderPacs(settings);
  const full = createFolderPacs({ ...settings, freeBytes: Infinity });
  const own = (): Pacs => (state.conduct.illness === 'full' ? full : honest);
  return {
    ...honest,
    probe: (signal) => own().probe(signal),
    async storeInstances(study, instances, signal) {
      await showLate(state);
      if (state.conduct.illness === 'study-is-a-file')
        await ignoreFailure(
          writeFile(join(folderOf(state), study), '', { flag: 'wx' }),
          'a folder of that study that is there stays',
        );
      for (const { sopInstanceUID: uid } of instances)
        if (state.said.get(uid)?.isSaid === true) state.doubled.push(uid);
      const answers = await own().storeInstances(study, instances, signal);
      for (const [at, { sopInstanceUID: uid, outcome }] of answers.entries()) {
        if (outcome === 'refused') state.saidRefused.add(uid);
        if (outcome === 'stored') await keep(state, uid, instances[at]!.digest);
      }
      return answers;
    },
    async findInstances(uids, signal, study) {
      await showLate(state);
      const found = await own().findInstances(uids, signal, study);
      const shown = new Set(found.map(({ sopInstanceUID }) => sopInstanceUID));
      for (const uid of uids) notice(state, uid, shown.has(uid));
      return found;
    },
  };
}

/** Notes that an instance was said to be stored, and loses it as its conduct says. */
async function keep(state: State, uid: string, digest: string): Promise<void> {
  const { said, foreign, conduct, faults, now } = state;
  if ((await holds(state, uid, digest)) !== 'same') foreign.push(uid);
  said.set(uid, { at: now(), isSaid: true, isDenied: false });
  state.stored += 1;
  if (conduct.loss === undefined || (conduct.of === 'half' && state.stored % 2 === 0)) return;
  addFault(faults, `loses ${conduct.loss} ${conduct.of}`);
  await lose(state, uid, conduct.loss);
}

async function lose(state: State, uid: string, loss: (typeof LOSSES)[number]): Promise<void> {
  const { said, hidden, now, lateMs } = state;
  const path = pathOf(state, uid);
  switch (loss) {
    case 'gone':
      said.delete(uid);
      return rm(path);
    case 'cut':
      said.delete(uid);
      return truncate(path, 200);
    case 'empty':
      said.delete(uid);
      return truncate(path, 0);
    case 'turned': {
      said.delete(uid);
      const bytes = await readFile(path);
      // The file's permissions and its place stay.
      return writeFile(path, bytes.with(-1, bytes.at(-1)! ^ 1));
    }
    case 'unlisted':
      return rm(join(folderOf(state), ...indexOf(whereOf(state, uid))));
    case 'later':
      hidden.set(uid, { until: now() + lateMs });
      return rename(path, hiddenAt(state, uid));
    case 'a-folder':
    case 'a-link':
      hidden.set(uid, { until: Infinity });
      await rename(path, hiddenAt(state, uid));
      return loss === 'a-link' ? symlink(hiddenAt(state, uid), path) : void (await mkdir(path));
    default:
      return loss satisfies never;
  }
}

async function showLate(state: State): Promise<void> {
  if (state.conduct.illness !== undefined) return;
  for (const [uid, { until }] of state.hidden) if (until <= state.now()) await show(state, uid);
}

/** Notes what a search said of one. */
function notice({ said, now, patienceMs }: State, uid: string, isShown: boolean): void {
  const one = said.get(uid);
  if (one === undefined) return;
  one.isDenied = !isShown;
  if (isShown) one.isSaid = true;
  else if (now() - one.at >= patienceMs) one.isSaid = false;
}
