/**
 * Gives instances of found studies that may be chest films to the models on this device, one after the other, while
 * reading and sending continue. Nothing waits for a finding, and none is required: where the models cannot run, the
 * gateway does the work.
 */
import { effect, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { FilmMark } from '#shared/models/film.ts';
import type { Thumbnail } from '#shared/pixels/thumbnail.ts';
import type { DeviceTriage, FilmFinding } from '#shared/protocol/inference.ts';
import type { FoundFile, StudyGroup } from '../ingest/found/group-studies.ts';
import type { FoundStudy, IngestStore } from '../ingest/found/found-study.ts';
import { FILMS } from '#shared/ingest/plain-films.ts';
import type { Triaged } from '../queue/rows/note-triage.ts';
import type { Examination } from './examination.ts';
import { isToRepeat } from '../queue/film-faults.ts';
import type { ModelWorker } from './model-worker.ts';

/**
 * An image that may have to be repeated, or that only lies on its side or is inverted (film-faults.ts), with its
 * picture and the marks on it.
 */
export interface FilmWarning {
  readonly ordinal: number;
  readonly findings: readonly FilmFinding[];
  readonly picture: Thumbnail;
  readonly marks: readonly FilmMark[];
  /** Whether a person has looked at the film and sends it as it is. */
  readonly isSetAside: boolean;
}

/** The results for a study so far. */
export interface StudyTriage {
  /** The number of all plain films in the study. */
  readonly films: number;
  /** The number of images to look at (`images`), and how many of them were looked at (`looked`). */
  readonly images: number;
  readonly looked: number;
  /** Images that were not seen, because the models could not run or the image could not be drawn here. */
  readonly unseen: number;
  /**
   * Images that the models saw without being able to judge them (`notJudged`), and images that show nothing at all
   * (`blank`).
   */
  readonly notJudged: number;
  readonly blank: number;
  readonly first: boolean;
  /** Whether there is a chest film for which the scoring model was not made. */
  readonly outside: boolean;
  readonly warnings: readonly FilmWarning[];
}

export interface TriageStore {
  /** Null if no instance of the study may be a chest film. */
  of(study: FoundStudy): ReadonlySignal<StudyTriage | null>;
  setAside(study: FoundStudy, ordinal: number, isSetAside: boolean): void;
  /** Study Instance UIDs of found studies with films that may have to be repeated, unless they were set aside. */
  readonly warned: ReadonlySignal<ReadonlySet<string>>;
  /** Returns what `QueueingTools.triaged` returns. */
  queued(studyId: string, group: StudyGroup): Triaged | null;
  /** Loads the runtime and the models onto this device before they are needed. Never throws. */
  keep(): Promise<void>;
}

interface TriageTools {
  readonly ingest: Pick<IngestStore, 'studies' | 'inspection'>;
  readonly worker: ModelWorker;
  /** Stores a finding that came after the study was named. */
  readonly note: (studyId: string, triaged: Omit<Triaged, 'setAside'>) => Promise<void>;
}

/** Two views and a repeat of each. A study with more images is not a chest study. */
export const IMAGES_A_STUDY = 6;
/**
 * After failures in this many studies in a row, this device leaves triage to the gateway until the page is reloaded.
 */
const FAILED_STUDIES = 3;
/** Errors that are not the models' fault: no network, a file that is gone (File API §6.5), a damaged archive. */
const OTHER_FAULTS = new Set(['PartMissing', 'NotFoundError', 'NotReadableError', 'ArchiveError']);

interface Entry {
  readonly uid: string;
  /** The number of plain films in the study; `files` contains only those that are looked at. */
  films: number;
  readonly files: Map<number, FoundFile>;
  readonly answers: Map<number, Examination | null>;
  readonly setAside: Set<number>;
  readonly shown: Signal<StudyTriage | null>;
  readonly abort: AbortController;
  queuedAs: string | null;
}

interface TriageState extends TriageTools {
  readonly entries: Map<string, Entry>;
  /** Studies that `take` has seen. A study that changes is a new object. */
  readonly seen: WeakSet<FoundStudy>;
  /** Studies in which the models failed since their last success. */
  readonly failed: Set<Entry>;
  readonly warned: Signal<ReadonlySet<string>>;
  isLooking: boolean;
}

export function createTriageStore(tools: TriageTools): TriageStore {
  const state: TriageState = {
    ...tools,
    entries: new Map(),
    seen: new WeakSet(),
    failed: new Set(),
    warned: signal(new Set()),
    isLooking: false,
  };
  effect(() => take(state, tools.ingest.studies.value));
  return {
    of: ({ studyInstanceUID }) => entryOf(state, studyInstanceUID).shown,
    setAside({ studyInstanceUID }, ordinal, isSetAside) {
      const entry = entryOf(state, studyInstanceUID);
      if (isSetAside) entry.setAside.add(ordinal);
      else entry.setAside.delete(ordinal);
      show(state, entry);
    },
    warned: state.warned,
    queued(studyId, group) {
      const entry = state.entries.get(group.studyInstanceUID);
      if (!entry) return null;
      entry.queuedAs = studyId;
      warn(state, entry, false);
      const said = answersFor(entry, group);
      return { said, setAside: entry.setAside, blank: blankAmong(entry, said) };
    },
    keep: () => keepModels(state),
  };
}

function entryOf({ entries }: TriageState, studyInstanceUID: string): Entry {
  const known = entries.get(studyInstanceUID);
  if (known) return known;
  const entry: Entry = {
    uid: studyInstanceUID,
    films: 0,
    files: new Map(),
    answers: new Map(),
    setAside: new Set(),
    shown: signal(null),
    abort: new AbortController(),
    queuedAs: null,
  };
  entries.set(studyInstanceUID, entry);
  return entry;
}

function show(state: TriageState, entry: Entry): void {
  entry.shown.value = entry.files.size === 0 ? null : summarise(entry);
  const warnings = entry.shown.peek()?.warnings ?? [];
  const isOpen = ({ isSetAside, findings }: FilmWarning) => !isSetAside && findings.some(isToRepeat);
  warn(state, entry, entry.queuedAs === null && warnings.some(isOpen));
}

function warn({ warned }: TriageState, { uid }: Entry, isWarned: boolean): void {
  if (warned.peek().has(uid) === isWarned) return;
  const others = [...warned.peek()].filter((each) => each !== uid);
  warned.value = new Set(isWarned ? [...others, uid] : others);
}

/** Takes new and changed studies, and skips the others, of which there may be ten thousand. */
function take(state: TriageState, studies: readonly FoundStudy[]): void {
  const { seen, entries } = state;
  const here = new Set<string>();
  for (const study of studies) {
    here.add(study.studyInstanceUID);
    if (seen.has(study)) continue;
    seen.add(study);
    // A study whose films were unticked has none any more.
    const had = entries.get(study.studyInstanceUID)?.films ?? 0;
    if (had > 0 || study.modalities.some((modality) => FILMS.has(modality)))
      addFiles(state, study.studyInstanceUID);
  }
  for (const [uid, entry] of entries)
    if (!here.has(uid) && (entry.queuedAs === null || isDone(entry))) drop(state, entry);
  void lookAtAll(state);
}

function addFiles(state: TriageState, studyInstanceUID: string): void {
  const entry = entryOf(state, studyInstanceUID);
  entry.films = 0;
  const series = state.ingest.inspection.seriesOf(studyInstanceUID);
  const there = new Set(series.flatMap(({ files }) => files.map(({ ordinal }) => ordinal)));
  // What was queued is looked at for the queue, although the page shows only a part of it again.
  if (entry.queuedAs === null)
    for (const ordinal of [...entry.files.keys()]) if (!there.has(ordinal)) entry.files.delete(ordinal);
  for (const { modality, files } of series) {
    if (!FILMS.has(modality)) continue;
    entry.films += files.length;
    for (const found of files)
      if (found.frames === 1 && entry.files.size < IMAGES_A_STUDY) entry.files.set(found.ordinal, found);
  }
  show(state, entry);
}

function drop(state: TriageState, entry: Entry): void {
  entry.abort.abort();
  state.entries.delete(entry.uid);
  warn(state, entry, false);
}

async function lookAtAll(state: TriageState): Promise<void> {
  if (state.isLooking) return;
  state.isLooking = true;
  for (let todo = next(state); todo !== null; todo = next(state)) await lookAt(state, todo.entry, todo.found);
  state.worker.rest();
  state.isLooking = false;
}

/** The first image that no model has seen. */
function next({ entries }: TriageState): { entry: Entry; found: FoundFile } | null {
  for (const entry of entries.values()) {
    if (isDone(entry)) continue;
    for (const found of entry.files.values()) if (!entry.answers.has(found.ordinal)) return { entry, found };
  }
  return null;
}

async function lookAt(state: TriageState, entry: Entry, found: FoundFile): Promise<void> {
  const examination = state.failed.size < FAILED_STUDIES ? await examine(state, entry, found) : null;
  if (entry.abort.signal.aborted) return;
  entry.answers.set(found.ordinal, examination);
  show(state, entry);
  if (entry.queuedAs !== null && examination !== null)
    await ignoreFailure(
      noteLate(state, entry.queuedAs, { ordinal: found.ordinal, examination }),
      'if the database cannot be written now, the queue keeps its order',
    );
}

function noteLate(
  { note }: TriageState,
  studyId: string,
  { ordinal, examination }: { readonly ordinal: number; readonly examination: Examination },
): Promise<void> {
  const { triage, quality } = examination;
  return note(studyId, {
    said: new Map([[ordinal, triage]]),
    blank: new Set(quality === 'blank' ? [ordinal] : []),
  });
}

async function examine(
  { worker, failed }: TriageState,
  entry: Entry,
  { file }: FoundFile,
): Promise<Examination | null> {
  const { signal: taken } = entry.abort;
  try {
    await worker.keep(taken);
  } catch {
    // The network or the disk prevented the models from being loaded, which is temporary.
    return null;
  }
  try {
    const examination = await worker.examine(file.ref, taken);
    failed.clear();
    return examination;
  } catch (error) {
    if (!taken.aborted && !OTHER_FAULTS.has((error as Error).name)) failed.add(entry);
    return null;
  }
}

/** Returns findings only for files that are sent, because the same study may have been sent before from other files. */
function answersFor({ answers }: Entry, { series }: StudyGroup): ReadonlyMap<number, DeviceTriage> {
  const ordinals = new Set([...series.values()].flatMap(({ files }) => files.map(({ ordinal }) => ordinal)));
  return new Map(
    [...answers].flatMap(([ordinal, examination]) =>
      examination === null || !ordinals.has(ordinal) ? [] : [[ordinal, examination.triage] as const],
    ),
  );
}

const blankAmong = ({ answers }: Entry, said: Triaged['said']): Triaged['blank'] =>
  new Set([...said.keys()].filter((ordinal) => answers.get(ordinal)?.quality === 'blank'));

async function keepModels(state: TriageState): Promise<void> {
  if (state.isLooking) return;
  state.isLooking = true;
  await ignoreFailure(
    state.worker.keep(new AbortController().signal),
    'the models are loaded again when the first film needs them',
  );
  state.worker.rest();
  state.isLooking = false;
  void lookAtAll(state);
}

const isDone = ({ files, answers }: Entry): boolean =>
  [...files.keys()].every((ordinal) => answers.has(ordinal));

const isUnseen = (examined: Examination | null): boolean =>
  examined === null || examined.triage.models.length === 0;

function summarise({ films, files, answers, setAside }: Entry): StudyTriage {
  // A film that was unticked after the models looked counts no longer.
  const own = [...answers].filter(([ordinal]) => files.has(ordinal));
  const looked = own.map(([, examined]) => examined);
  return {
    films,
    images: files.size,
    looked: looked.length,
    unseen: looked.filter(isUnseen).length,
    notJudged: looked.filter((each) => !isUnseen(each) && each?.quality === 'not-judged').length,
    blank: looked.filter((each) => each?.quality === 'blank').length,
    first: looked.some((examined) => examined?.triage.first),
    outside: looked.some((examined) => examined?.triage.population === 'outside'),
    warnings: own.flatMap(([ordinal, examined]) =>
      examined?.film
        ? [{ ordinal, findings: examined.triage.film, ...examined.film, isSetAside: setAside.has(ordinal) }]
        : [],
    ),
  };
}
