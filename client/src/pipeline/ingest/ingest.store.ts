/**
 * From a choice of files to a study that is safe on this device: reads in the pool, shows what was found, and at Send writes the
 * selected studies into the queue, each as a whole or not at all. The page's thread passes messages and draws at most ten times a second.
 */
import { batch, computed, signal, type ReadonlySignal } from '@preact/signals';
import type { Policy } from '#shared/protocol/api.ts';
import { beginStudy, dropStudy, finishStudy } from '../queue/enqueue.ts';
import type { KnownPolicies } from '../queue/device-notes.ts';
import type { LocalDatabase } from '../queue/local-database.ts';
import { collectFiles, type Collected, type CollectedFile } from './collect-files.ts';
import type { PackedFile, PolicyForTask } from './device-tasks.ts';
import { collectDropped, takeDropped } from './dropped-files.ts';
import type { FoundStudy, IngestPhase, IngestProgress, IngestStore, QueueingProgress, RejectedFile } from './found.ts';
import { createGathering, planParcels, type StudyGroup } from './found-studies.ts';
import { aboutOf, createShowcase, titleOf } from './showcase.ts';
import type { NotSent } from './open-file.ts';
import { TaskFault, type WorkerPool } from './worker-pool.ts';

export interface IngestTools {
  readonly database: LocalDatabase;
  readonly key: Promise<CryptoKey>;
  readonly pool: WorkerPool;
  readonly now: () => number;
  readonly createId: () => string;
  /** Who queues; null where the device does not know. */
  readonly account: () => string | null;
  /** Calls `work` after `ms`: drawing waits for it. */
  readonly later: (work: () => void, ms: number) => void;
  readonly policies: ReadonlySignal<KnownPolicies | null>;
  /** Bytes that the device still has room for; null when it does not say. */
  readonly room: () => Promise<number | null>;
  /** Runs `work` so that other tabs know that this study is being written. */
  readonly whileWriting: <T>(studyId: string, work: () => Promise<T>) => Promise<T>;
  readonly sample: () => Promise<readonly File[]>;
  /** A study has become safe. */
  readonly onQueued: () => void;
}

/** Ten pictures a second are as good as sixty for a number that grows, and leave the thread free. */
const DRAW_EVERY_MS = 100;
const NOTHING_READ: IngestProgress = { filesFound: 0, filesRead: 0, bytesRead: 0, bytesTotal: 0, listing: false };
const NOTHING_QUEUED: QueueingProgress = { instances: 0, instancesTotal: 0, bytes: 0, bytesTotal: 0 };
/** The queue's own share beside the bytes of the instances: rows, tags, transactions. */
const ROOM_FACTOR = 1.05;

export function createIngestStore(tools: IngestTools): IngestStore {
  const phase = signal<IngestPhase>('idle');
  const progress = signal(NOTHING_READ);
  const queueing = signal(NOTHING_QUEUED);
  const studies = signal<readonly FoundStudy[]>([]);
  const rejected = signal<readonly RejectedFile[]>([]);
  const skippedFiles = signal<readonly RejectedFile[]>([]);
  const skipped = signal(0);
  const problem = signal<'no-room' | 'policy-unknown' | 'device-failed' | null>(null);
  const chosenPolicy = signal<string | null>(null);
  const gathering = createGathering();
  const showcase = createShowcase(tools.pool);
  const notSent: { refused: RejectedFile[]; skipped: RejectedFile[] } = { refused: [], skipped: [] };
  const count = { ...NOTHING_READ, listing: 0, ordinal: 0, reading: 0 };
  let abort = new AbortController();
  let isDrawing = false;

  const policy = () => tools.policies.value?.policies.find((each) => each.name === (chosenPolicy.value ?? tools.policies.value?.default)) ?? null;

  function draw(): void {
    batch(() => {
      progress.value = { ...count, listing: count.listing > 0 };
      studies.value = showcase.show(gathering.studies);
      if (rejected.value.length !== notSent.refused.length) rejected.value = [...notSent.refused];
      if (skippedFiles.value.length !== notSent.skipped.length) skippedFiles.value = [...notSent.skipped];
      skipped.value = notSent.skipped.length;
    });
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
    const outcome = said.kind === 'refused' && isMediaDirectory(path) ? { kind: said.kind, because: 'sop-class-not-storage' as const } : said;
    const where = outcome.kind === 'refused' && 'where' in outcome ? (outcome.where ?? null) : null;
    if (outcome.kind === 'skipped') notSent.skipped.push({ path, bytes, state: 'skipped', reason: outcome.because, where });
    else notSent.refused.push({ path, bytes, state: 'refused', reason: outcome.because, where });
  }

  async function readOne(file: CollectedFile, ordinal: number, signal: AbortSignal): Promise<void> {
    const kind = policy()?.deidentify === false ? 'identified' : 'deidentified';
    try {
      const summary = await tools.pool.run({ kind: 'summarise', ref: file.ref, inFolder: file.inFolder, policy: kind }, signal);
      if (signal.aborted) return;
      if (summary.kind === 'summary') gathering.add(summary, file, ordinal);
      else reject(file.path, file.bytes, summary);
    } catch (error) {
      if (signal.aborted) return;
      // The worker itself died of this file: it is named, the others go on.
      if (!(error instanceof TaskFault)) throw error;
      reject(file.path, file.bytes, { kind: 'refused', because: 'not-parseable' });
    }
    count.filesRead += 1;
    count.bytesRead += file.bytes;
    drawSoon();
  }

  async function read(source: AsyncIterable<Collected>, signal: AbortSignal): Promise<void> {
    count.listing += 1;
    count.reading += 1;
    if (phase.value !== 'queueing') phase.value = 'reading';
    const underWay = new Set<Promise<void>>();
    try {
      for await (const found of source) {
        if (signal.aborted) break;
        count.filesFound += 1;
        count.bytesTotal += found.bytes;
        drawSoon();
        if (found.kind === 'refused') {
          reject(found.path, found.bytes, found);
          count.filesRead += 1;
          continue;
        }
        const reading = readOne(found, count.ordinal++, signal).finally(() => underWay.delete(reading));
        underWay.add(reading);
        // A few for each worker; the rest of ten thousand wait as names in the list, not as messages.
        if (underWay.size >= tools.pool.size * 4) await Promise.race(underWay);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      count.listing -= 1;
      await Promise.allSettled(underWay);
      count.reading -= 1;
      if (count.reading === 0 && phase.value === 'reading') phase.value = gathering.studies.size + notSent.refused.length > 0 ? 'found' : 'idle';
      draw();
    }
  }

  function policyForTask(chosen: Policy, known: KnownPolicies): PolicyForTask | null {
    if (!chosen.deidentify) return { kind: 'identified' };
    return known.projectKey === null ? null : { kind: 'deidentified', options: chosen.options, projectKey: known.projectKey };
  }

  async function packStudy(group: StudyGroup, chosen: Policy, forTask: PolicyForTask, signal: AbortSignal): Promise<void> {
    const id = tools.createId();
    const { name, version, deidentify } = chosen;
    await tools.whileWriting(id, async () => {
      await beginStudy(tools.database, await tools.key, { id, queuedAt: tools.now(), account: tools.account(), policy: { name, version, deidentify }, title: titleOf(group), about: aboutOf(group) });
      try {
        const packing = planParcels(group).map(async (parcel) => {
          const files = parcel.map((found) => ({ ref: found.file.ref, position: found.ordinal }));
          const packed = await tools.pool.run({ kind: 'pack', studyId: id, parcelId: tools.createId(), files, policy: forTask }, signal);
          notePacked(parcel.map((found) => found.file), packed);
        });
        await Promise.allSettled(packing);
        await Promise.all(packing);
        signal.throwIfAborted();
        await finishStudy(tools.database, id);
      } catch (error) {
        // As a whole or not at all.
        await dropStudy(tools.database, id);
        throw error;
      }
    });
    gathering.remove(group.studyInstanceUID);
    draw();
    tools.onQueued();
  }

  function notePacked(files: readonly CollectedFile[], packed: readonly PackedFile[]): void {
    for (const [at, result] of packed.entries()) {
      const file = files[at];
      if (file && 'because' in result) reject(file.path, file.bytes, { kind: 'refused', because: result.because });
    }
    const { instances, bytes, ...total } = queueing.value;
    queueing.value = { ...total, instances: instances + files.length, bytes: bytes + files.reduce((sum, file) => sum + file.bytes, 0) };
  }

  async function send(): Promise<void> {
    const known = tools.policies.value;
    const chosen = policy();
    const forTask = known && chosen && policyForTask(chosen, known);
    problem.value = forTask ? null : 'policy-unknown';
    if (!chosen || !forTask || phase.value === 'queueing') return;
    const selected = [...gathering.studies.values()].filter((study) => showcase.isSelected(study) && !study.warnings.has('too-many-instances'));
    const [instancesTotal, bytesTotal] = [sum(selected, (study) => study.instances), sum(selected, (study) => study.bytes)];
    const room = await tools.room();
    if (room !== null && bytesTotal * ROOM_FACTOR > room) {
      problem.value = 'no-room';
      return;
    }
    abort = new AbortController();
    batch(() => {
      phase.value = 'queueing';
      queueing.value = { instances: 0, instancesTotal, bytes: 0, bytesTotal };
    });
    try {
      for (const study of selected) await packStudy(study, chosen, forTask, abort.signal);
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
    showcase.clear();
    notSent.refused.length = 0;
    notSent.skipped.length = 0;
    Object.assign(count, { filesFound: 0, filesRead: 0, bytesRead: 0, bytesTotal: 0 });
    phase.value = 'idle';
    problem.value = null;
    draw();
  }

  function beginReading(): AbortSignal {
    if (abort.signal.aborted) abort = new AbortController();
    return abort.signal;
  }

  return {
    phase, progress, queueing, studies, rejected, skipped, skippedFiles, problem,
    policy: computed(policy),
    policies: computed(() => tools.policies.value?.policies ?? []),
    choosePolicy(name) {
      chosenPolicy.value = name;
    },
    addFiles: (files) => {
      const signal = beginReading();
      return read(collectFiles(files, signal), signal);
    },
    addDataTransfer: (items) => {
      const dropped = takeDropped(items);
      const signal = beginReading();
      return read(collectDropped(dropped, signal), signal);
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

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

/** PS3.10 §8.6: a File ID of DICOMDIR is that of the media directory, and of nothing else. */
function isMediaDirectory(path: string): boolean {
  return /(^|\/)DICOMDIR$/i.test(path);
}

function isNoRoom(error: unknown): boolean {
  return error instanceof Error && error.name === 'QuotaExceededError';
}
