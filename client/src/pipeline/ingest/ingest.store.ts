/**
 * From a choice of files to a study that is safe on this device: reads in the pool, shows what was found, and
 * at Send writes the selected studies into the queue, each as a whole or not at all. The page's thread passes
 * messages and draws at most four times a second.
 */
import { batch, computed, signal, type ReadonlySignal } from '@preact/signals';
import type { Policy } from '#shared/protocol/api.ts';
import type { KnownPolicies } from '../queue/rows/device-notes.ts';
import { isNoRoom } from '../queue/rows/no-room.ts';
import { collectFiles, type Collected, type CollectedFile, type ReadFile } from './collect-files.ts';
import type { PolicyForTask, Summarised } from './device-tasks.ts';
import { collectDropped, takeDropped } from './dropped-files.ts';
import type {
  FoundStudy,
  HeldFile,
  IngestPhase,
  IngestProgress,
  IngestStore,
  QueueingProgress,
  RejectedFile,
  SendProblem,
} from './found-study.ts';
import { createForecast, needsOf } from './forecast.ts';
import { createGathering, type FoundFile, type StudyGroup } from './group-studies.ts';
import { createHeldBack, heldUnder } from './held-back.ts';
import { createInspection } from './inspection.ts';
import { queueStudy, type QueueingTools, type SendingTerms } from './queue-study.ts';
import { createShowcase } from './study-snapshots.ts';
import type { NotSent } from './open-file.ts';
import { collectPicked, type FolderHandle, type PickedFolder } from './picked-folder.ts';
import { TaskFault } from './worker-pool.ts';

export interface IngestTools extends QueueingTools {
  /** Calls `work` after `ms`: drawing waits for it. */
  readonly later: (work: () => void, ms: number) => void;
  readonly policies: ReadonlySignal<KnownPolicies | null>;
  /** Asks the gateway what is in force now, where it can be reached; nothing waits for the answer. */
  readonly hearPolicies: () => void;
  /** Bytes that the device still has room for; null when it does not say. */
  readonly room: () => Promise<number | null>;
  /**
   * Asks the browser not to clear the queue when it needs room, in a person's own gesture; null where it
   * cannot be asked.
   */
  readonly persist: () => Promise<boolean | null>;
  /** What the browser has promised so far. */
  readonly isPersisted: () => Promise<boolean | null>;
  readonly sample: () => Promise<readonly File[]>;
}

/** Four pictures a second are as good as sixty for a number that grows, and leave the thread free. */
const DRAW_EVERY_MS = 250;
/**
 * Of which a worker reads the headers for one message: each message costs the page's thread as much as
 * several files.
 */
const FILES_AT_ONCE = 16;
const NOTHING_READ: IngestProgress = { filesFound: 0, filesRead: 0, bytesRead: 0, listing: false };
const NOTHING_QUEUED: QueueingProgress = {
  named: 0,
  instances: 0,
  instancesTotal: 0,
  bytes: 0,
  bytesTotal: 0,
};

export function createIngestStore(tools: IngestTools): IngestStore {
  const phase = signal<IngestPhase>('idle');
  const progress = signal(NOTHING_READ);
  const queueing = signal(NOTHING_QUEUED);
  const studies = signal<readonly FoundStudy[]>([]);
  const rejected = signal<readonly RejectedFile[]>([]);
  const skippedFiles = signal<readonly RejectedFile[]>([]);
  const skipped = signal(0);
  const problem = signal<SendProblem | null>(null);
  const persisted = signal<boolean | null>(null);
  const chosen = computed(() =>
    studies.value.filter((study) => study.selected.value && !study.warnings.includes('too-many-instances')),
  );
  const needs = computed(() =>
    needsOf({
      instances: sum(chosen.value, (study) => study.instances),
      bytes: sum(chosen.value, (study) => study.bytes),
    }),
  );
  const forecast = createForecast(needs, tools);
  // Not known is as good as not promised.
  tools.isPersisted().then(
    (is) => (persisted.value ??= is),
    () => undefined,
  );
  const chosenPolicy = signal<string | null>(null);
  const gathering = createGathering(tools.createId);
  const heldBack = createHeldBack();
  const heldFiles = signal<readonly HeldFile[]>([]);
  const showcase = createShowcase(tools.pool);
  const notSent: { refused: RejectedFile[]; skipped: RejectedFile[] } = { refused: [], skipped: [] };
  const count = { ...NOTHING_READ, listing: 0, ordinal: 0, reading: 0 };
  let abort = new AbortController();
  let isDrawing = false;

  const policy = () =>
    tools.policies.value === null ? null : policyOf(tools.policies.value, chosenPolicy.value);

  function draw(): void {
    batch(() => {
      progress.value = { ...count, listing: count.listing > 0 };
      studies.value = showcase.show(gathering.studies);
      if (rejected.value.length !== notSent.refused.length) rejected.value = [...notSent.refused];
      if (skippedFiles.value.length !== notSent.skipped.length) skippedFiles.value = [...notSent.skipped];
      skipped.value = notSent.skipped.length;
      drawHeld();
    });
  }

  function drawHeld(): void {
    const held = heldBack.show(gathering.studies);
    if (held.length + heldFiles.value.length > 0) heldFiles.value = held;
  }

  function drawSoon(): void {
    if (isDrawing) return;
    isDrawing = true;
    tools.later(() => {
      isDrawing = false;
      draw();
    }, DRAW_EVERY_MS);
  }

  function reject(path: string, bytes: number, said: NotSent): void {
    const outcome =
      said.kind === 'refused' && isMediaDirectory(path)
        ? { kind: said.kind, because: 'sop-class-not-storage' as const }
        : said;
    const where = outcome.kind === 'refused' && 'where' in outcome ? (outcome.where ?? null) : null;
    if (outcome.kind === 'skipped')
      notSent.skipped.push({ path, bytes, state: 'skipped', reason: outcome.because, where });
    else notSent.refused.push({ path, bytes, state: 'refused', reason: outcome.because, where });
  }

  /** A file that was found, and its place among all. */
  type Numbered = { readonly file: CollectedFile; readonly ordinal: number };

  async function readSome(files: readonly Numbered[], signal: AbortSignal): Promise<void> {
    const kind = policy()?.deidentify === false ? 'identified' : 'deidentified';
    try {
      const said = await tools.pool.run(
        {
          kind: 'summarise',
          files: files.map(({ file: { ref, inFolder } }) => ({ ref, inFolder })),
          policy: kind,
        },
        signal,
      );
      if (signal.aborted) return;
      for (const [at, each] of files.entries()) takeSummary(each, said[at]!);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof TaskFault) || error.name === 'WorkerMissing') throw error;
      // The worker itself died of one of these files: that one is named, the others go on.
      if (files.length > 1) for (const file of files) await readSome([file], signal);
      else takeSummary(files[0]!, { said: { kind: 'refused', because: 'not-parseable' }, bytes: 0 });
    }
  }

  function takeSummary({ file, ordinal }: Numbered, { said, bytes }: Summarised): void {
    const read: ReadFile = { ...file, bytes: file.bytes ?? bytes };
    if (said.kind === 'summary') gathering.add(said, read, ordinal);
    else reject(read.path, read.bytes, said);
    count.filesRead += 1;
    count.bytesRead += read.bytes;
    drawSoon();
  }

  async function read(source: AsyncIterable<Collected>, signal: AbortSignal): Promise<void> {
    count.listing += 1;
    count.reading += 1;
    if (phase.value !== 'queueing') phase.value = 'reading';
    const underWay = new Set<Promise<void>>();
    let some: Numbered[] = [];
    const breathe = createBreath(tools);
    const readThem = (): void => {
      const reading = readSome(some, signal).finally(() => underWay.delete(reading));
      underWay.add(reading);
      some = [];
    };
    try {
      for await (const found of source) {
        if (signal.aborted) break;
        count.filesFound += 1;
        drawSoon();
        if (found.kind === 'refused') {
          reject(found.path, found.bytes, found);
          count.filesRead += 1;
          continue;
        }
        some.push({ file: found, ordinal: count.ordinal++ });
        // The first ones at once, then as many together as are found while those before are read: the rest of
        // ten thousand wait as names.
        if (underWay.size < tools.pool.size || some.length === FILES_AT_ONCE) readThem();
        if (underWay.size >= tools.pool.size * 2) await Promise.race(underWay);
        else await breathe();
      }
      if (some.length > 0) readThem();
      await Promise.all(underWay);
    } catch (error) {
      if (!signal.aborted && !(error instanceof TaskFault)) throw error;
      // A part of this page is gone: the files are as good as they were.
      if (!signal.aborted) problem.value = 'device-failed';
    } finally {
      count.listing -= 1;
      await Promise.allSettled(underWay);
      count.reading -= 1;
      if (count.reading === 0 && phase.value === 'reading')
        phase.value = gathering.studies.size + notSent.refused.length > 0 ? 'found' : 'idle';
      draw();
    }
  }

  function policyForTask(chosen: Policy, known: KnownPolicies): PolicyForTask | null {
    if (!chosen.deidentify) return { kind: 'identified' };
    return known.projectKey === null
      ? null
      : { kind: 'deidentified', options: chosen.options, rules: chosen.rules, projectKey: known.projectKey };
  }

  /** Under what the selected studies travel, or why they cannot. */
  function termsOf(
    known: KnownPolicies | null,
  ): SendingTerms | Exclude<SendProblem, 'no-room' | 'device-failed'> {
    const chosen = policy();
    const forTask = known && chosen && policyForTask(chosen, known);
    if (!known || !chosen || !forTask) return 'policy-unknown';
    return known.sealingKey === null
      ? 'seal-key-unknown'
      : { policy: chosen, forTask, sealingKey: known.sealingKey, released: heldBack.released.value };
  }

  function countQueued(more: Partial<QueueingProgress>): void {
    const before = queueing.value;
    queueing.value = {
      ...before,
      named: before.named + (more.named ?? 0),
      instances: before.instances + (more.instances ?? 0),
      bytes: before.bytes + (more.bytes ?? 0),
    };
  }

  const bytesOf = (files: readonly FoundFile[]) => sum(files, ({ file }) => file.bytes);

  async function queueOne(group: StudyGroup, terms: SendingTerms, signal: AbortSignal): Promise<void> {
    await queueStudy(
      tools,
      group,
      terms,
      {
        onNamed: (files) => countQueued({ named: files.length }),
        onSafe: (files) => countQueued({ instances: files.length, bytes: bytesOf(files) }),
        onNotQueued: ({ file }, because) => reject(file.path, file.bytes, because),
      },
      signal,
    );
    gathering.remove(group.studyInstanceUID);
    draw();
  }

  async function send(): Promise<void> {
    if (phase.value === 'queueing') return;
    const terms = termsOf(tools.policies.value);
    problem.value = typeof terms === 'string' ? terms : null;
    if (typeof terms === 'string') return;
    // Some browsers ask the person, and the answer may take its time: nothing waits for it.
    tools.persist().then(
      (is) => (persisted.value = is),
      () => undefined,
    );
    const selected = [...gathering.studies.values()].filter(
      (study) => showcase.isSelected(study) && !study.warnings.has('too-many-instances'),
    );
    const total = {
      instances: sum(selected, (study) => study.instances),
      bytes: sum(selected, (study) => study.bytes),
    };
    const room = await tools.room().catch(() => null);
    if (room !== null && needsOf(total) > room) {
      problem.value = 'no-room';
      return;
    }
    abort = new AbortController();
    batch(() => {
      phase.value = 'queueing';
      queueing.value = { ...NOTHING_QUEUED, instancesTotal: total.instances, bytesTotal: total.bytes };
    });
    try {
      for (const study of selected) await queueOne(study, terms, abort.signal);
    } catch (error) {
      if (!abort.signal.aborted) problem.value = isNoRoom(error) ? 'no-room' : 'device-failed';
    } finally {
      batch(() => {
        queueing.value = NOTHING_QUEUED;
        phase.value = gathering.studies.size + notSent.refused.length > 0 ? 'found' : 'idle';
      });
      draw();
    }
  }

  function forget(): void {
    abort.abort();
    abort = new AbortController();
    gathering.clear();
    heldBack.clear();
    showcase.clear();
    notSent.refused.length = 0;
    notSent.skipped.length = 0;
    Object.assign(count, { filesFound: 0, filesRead: 0, bytesRead: 0 });
    phase.value = 'idle';
    problem.value = null;
    draw();
  }

  const picked = (folder: FolderHandle, signal: AbortSignal): PickedFolder => ({
    folder,
    list: (path) => tools.pool.run({ kind: 'list', folder, path }, signal),
  });

  function beginReading(): AbortSignal {
    // Before somebody sends: a policy may have been changed since they signed in.
    tools.hearPolicies();
    if (abort.signal.aborted) abort = new AbortController();
    return abort.signal;
  }

  /** Once sending has begun, what was decided holds. */
  const deciding = (decide: (files: readonly FoundFile[]) => void) => (files: readonly FoundFile[]) => {
    if (phase.peek() === 'queueing') return;
    decide(files);
    drawHeld();
  };

  const inspection = createInspection({
    pool: tools.pool,
    studies: gathering.studies,
    released: () => heldBack.released.peek(),
    policy: () => {
      const [known, chosen] = [tools.policies.peek(), policy()];
      return known && chosen && policyForTask(chosen, known);
    },
  });

  return {
    phase,
    progress,
    queueing,
    studies,
    rejected,
    skipped,
    skippedFiles,
    problem,
    forecast,
    persisted,
    inspection,
    heldBack: computed(() => heldUnder(policy(), heldFiles.value)),
    released: heldBack.released,
    release: deciding(heldBack.release),
    holdBack: deciding(heldBack.holdBack),
    policy: computed(policy),
    policies: computed(() => tools.policies.value?.policies ?? []),
    choosePolicy(name) {
      chosenPolicy.value = name;
    },
    addFiles: (files) => {
      const signal = beginReading();
      return read(collectFiles(files, signal), signal);
    },
    addFolder: (folder) => {
      const signal = beginReading();
      return read(collectPicked(picked(folder, signal), signal), signal);
    },
    addDataTransfer: (items) => {
      const dropped = takeDropped(items);
      const signal = beginReading();
      return read(
        collectDropped(dropped, (folder) => picked(folder, signal), signal),
        signal,
      );
    },
    async addSample() {
      const files = await tools.sample();
      const signal = beginReading();
      await read(collectFiles(files, signal), signal);
    },
    cancel: () => abort.abort(),
    clear: forget,
    toggle: (studyInstanceUID) => showcase.toggle(studyInstanceUID),
    showThumbnail: (seriesInstanceUID) => showcase.askThumbnail(seriesInstanceUID, gathering.studies),
    send,
  };
}

/**
 * What was chosen; where that is withdrawn, one that removes names: nobody's choice of that becomes one of
 * sending them.
 */
function policyOf({ policies, default: preset }: KnownPolicies, chosen: string | null): Policy | null {
  const named = (name: string | null): Policy | undefined => policies.find((each) => each.name === name);
  if (chosen === null) return named(preset) ?? null;
  return named(chosen) ?? policies.find(({ deidentify }) => deidentify) ?? named(preset) ?? null;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

/** Other work of the page's thread, a finger on the glass above all, has its turn at least this often. */
const TURN_MS = 8;

/**
 * Gives the thread away where the last turn is that long ago: what is listed already would else be taken in
 * one task.
 */
function createBreath({ now, later }: Pick<IngestTools, 'now' | 'later'>): () => Promise<void> {
  let since = now();
  return async () => {
    if (Math.abs(now() - since) < TURN_MS) return;
    await new Promise<void>((resolve) => later(resolve, 0));
    since = now();
  };
}

/** PS3.10 §8.6: a File ID of DICOMDIR is that of the media directory, and of nothing else. */
function isMediaDirectory(path: string): boolean {
  return /(^|\/)DICOMDIR$/i.test(path);
}
