/**
 * Looks at found studies on the way: instances that may be chest films are shown to the models on this
 * device, one after the other, beside reading and sending. Nothing waits for an answer, and none is as good
 * as any: where the models cannot run, the gateway does the work.
 */
import { effect, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { FilmMark } from '#shared/models/film.ts';
import type { Thumbnail } from '#shared/pixels/thumbnail.ts';
import type { DeviceTriage, FilmFinding } from '#shared/protocol/inference.ts';
import type { FoundFile, StudyGroup } from '../ingest/group-studies.ts';
import type { FoundStudy, IngestStore } from '../ingest/found-study.ts';
import { FILMS } from '../ingest/plain-films.ts';
import type { Triaged } from '../queue/rows/note-triage.ts';
import type { Examined } from './examined.ts';
import type { ModelWorker } from './model-worker.ts';

/** One image that may have to be taken again, with what shows it. */
export interface FilmWarning {
  readonly ordinal: number;
  readonly findings: readonly FilmFinding[];
  readonly picture: Thumbnail;
  readonly marks: readonly FilmMark[];
  /** A person has looked and sends it as it is. */
  readonly isSetAside: boolean;
}

/** What is said of a study so far. */
export interface StudyTriage {
  /** All plain films of it. */
  readonly films: number;
  /** Images that are looked at, and how many of them were. */
  readonly images: number;
  readonly looked: number;
  /** The models could not run, or the image could not be drawn here: so many were not seen. */
  readonly unseen: number;
  readonly first: boolean;
  /** A chest film that the scoring model was not made for. */
  readonly outside: boolean;
  readonly warnings: readonly FilmWarning[];
}

export interface TriageStore {
  /** Null where nothing of the study may be a chest film. */
  of(study: FoundStudy): ReadonlySignal<StudyTriage | null>;
  setAside(study: FoundStudy, ordinal: number, isSetAside: boolean): void;
  /**
   * Study Instance UIDs of found studies with films that may have to be taken again and that nobody has set
   * aside.
   */
  readonly warned: ReadonlySignal<ReadonlySet<string>>;
  /** As `QueueingTools.triaged`. */
  queued(studyId: string, group: StudyGroup): Triaged | null;
  /** Brings the runtime and the models onto this device before they are needed. Never throws. */
  keep(): Promise<void>;
}

export interface TriageTools {
  readonly ingest: Pick<IngestStore, 'studies' | 'inspection'>;
  readonly worker: ModelWorker;
  /** Notes what was found out after the study was named. */
  readonly note: (studyId: string, said: ReadonlyMap<number, DeviceTriage>) => Promise<void>;
}

/** Two views and a repeat of each; more images are no chest study. */
export const IMAGES_A_STUDY = 6;
/**
 * The models failed with as many studies in a row: this device leaves it to the gateway until the page is
 * opened again.
 */
const FAILED_STUDIES = 3;
/**
 * These say nothing of the models: no network to fetch them over, a file that is gone (File API §6.5), an
 * archive that is damaged.
 */
const OTHER_FAULTS = new Set(['PartMissing', 'NotFoundError', 'NotReadableError', 'ArchiveError']);

interface Entry {
  readonly uid: string;
  /** How many plain films the study has; `files` are those of them that are looked at. */
  films: number;
  readonly files: Map<number, FoundFile>;
  readonly answers: Map<number, Examined | null>;
  readonly setAside: Set<number>;
  readonly shown: Signal<StudyTriage | null>;
  readonly abort: AbortController;
  queuedAs: string | null;
}

export function createTriageStore({ ingest, worker, note }: TriageTools): TriageStore {
  const entries = new Map<string, Entry>();
  const seen = new WeakSet<FoundStudy>();
  let isLooking = false;
  const failed = new Set<Entry>();
  const warned = signal<ReadonlySet<string>>(new Set());

  function entryOf(studyInstanceUID: string): Entry {
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

  function show(entry: Entry): void {
    entry.shown.value = entry.files.size === 0 ? null : summarise(entry);
    warn(
      entry,
      entry.queuedAs === null && (entry.shown.peek()?.warnings ?? []).some(({ isSetAside }) => !isSetAside),
    );
  }

  function warn({ uid }: Entry, isWarned: boolean): void {
    if (warned.peek().has(uid) === isWarned) return;
    const others = [...warned.peek()].filter((each) => each !== uid);
    warned.value = new Set(isWarned ? [...others, uid] : others);
  }

  /** What was found since: ten thousand studies that did not change are passed over. */
  function take(studies: readonly FoundStudy[]): void {
    const here = new Set<string>();
    for (const study of studies) {
      here.add(study.studyInstanceUID);
      if (seen.has(study)) continue;
      seen.add(study);
      if (study.modalities.some((modality) => FILMS.has(modality))) addFiles(study.studyInstanceUID);
    }
    for (const [uid, entry] of entries)
      if (!here.has(uid) && (entry.queuedAs === null || isDone(entry))) drop(uid, entry);
    void look();
  }

  function addFiles(studyInstanceUID: string): void {
    const entry = entryOf(studyInstanceUID);
    entry.films = 0;
    for (const { modality, files } of ingest.inspection.seriesOf(studyInstanceUID)) {
      if (!FILMS.has(modality)) continue;
      entry.films += files.length;
      for (const found of files)
        if (found.frames === 1 && entry.files.size < IMAGES_A_STUDY) entry.files.set(found.ordinal, found);
    }
    show(entry);
  }

  function drop(uid: string, entry: Entry): void {
    entry.abort.abort();
    entries.delete(uid);
    warn(entry, false);
  }

  /** The first study that has an image nobody has looked at. */
  function next(): { entry: Entry; found: FoundFile } | null {
    for (const entry of entries.values()) {
      if (isDone(entry)) continue;
      for (const found of entry.files.values())
        if (!entry.answers.has(found.ordinal)) return { entry, found };
    }
    return null;
  }

  async function look(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    for (let todo = next(); todo !== null; todo = next()) await lookAt(todo.entry, todo.found);
    worker.rest();
    isLooking = false;
  }

  async function lookAt(entry: Entry, found: FoundFile): Promise<void> {
    const examined = failed.size < FAILED_STUDIES ? await examine(entry, found) : null;
    if (entry.abort.signal.aborted) return;
    entry.answers.set(found.ordinal, examined);
    show(entry);
    // A database that cannot be written now keeps the order it has.
    if (entry.queuedAs !== null && examined !== null)
      await note(entry.queuedAs, new Map([[found.ordinal, examined.triage]])).catch(() => undefined);
  }

  async function examine(entry: Entry, { file }: FoundFile): Promise<Examined | null> {
    const { signal: taken } = entry.abort;
    // What keeps the models from coming is the network's fault or the disk's: it passes.
    if (
      !(await worker.keep(taken).then(
        () => true,
        () => false,
      ))
    )
      return null;
    try {
      const examined = await worker.examine(file.ref, taken);
      failed.clear();
      return examined;
    } catch (error) {
      if (!taken.aborted && !OTHER_FAULTS.has((error as Error).name)) failed.add(entry);
      return null;
    }
  }

  effect(() => take(ingest.studies.value));

  return {
    of: ({ studyInstanceUID }) => entryOf(studyInstanceUID).shown,
    setAside({ studyInstanceUID }, ordinal, isSetAside) {
      const entry = entryOf(studyInstanceUID);
      if (isSetAside) entry.setAside.add(ordinal);
      else entry.setAside.delete(ordinal);
      show(entry);
    },
    warned,
    queued(studyId, { studyInstanceUID, series }) {
      const entry = entries.get(studyInstanceUID);
      if (!entry) return null;
      entry.queuedAs = studyId;
      warn(entry, false);
      // The same study may have been sent before, from other files.
      const ordinals = new Set(
        [...series.values()].flatMap(({ files }) => files.map(({ ordinal }) => ordinal)),
      );
      const said = new Map(
        [...entry.answers].flatMap(([ordinal, examined]) =>
          examined === null || !ordinals.has(ordinal) ? [] : [[ordinal, examined.triage] as const],
        ),
      );
      return { said, setAside: entry.setAside };
    },
    async keep() {
      if (isLooking) return;
      isLooking = true;
      await worker.keep(new AbortController().signal).catch(() => undefined);
      worker.rest();
      isLooking = false;
      void look();
    },
  };
}

const isDone = ({ files, answers }: Entry): boolean => answers.size === files.size;

function summarise({ films, files, answers, setAside }: Entry): StudyTriage {
  const looked = [...answers.values()];
  return {
    films,
    images: files.size,
    looked: looked.length,
    unseen: looked.filter((examined) => examined === null || examined.triage.models.length === 0).length,
    first: looked.some((examined) => examined?.triage.first),
    outside: looked.some((examined) => examined?.triage.population === 'outside'),
    warnings: [...answers].flatMap(([ordinal, examined]) =>
      examined?.film
        ? [{ ordinal, findings: examined.triage.film, ...examined.film, isSetAside: setAside.has(ordinal) }]
        : [],
    ),
  };
}
