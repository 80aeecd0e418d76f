/**
 * The road of one chosen study into the queue: its instances are named, the uploader is told, and while it
 * asks what the gateway lacks the study is packed, parcel by parcel. At the end it is in the queue as a
 * whole; given up in the middle, not at all.
 */
import type { Policy, SealingKey } from '#shared/protocol/api.ts';
import { beginStudy, finishNaming } from '../queue/rows/name-study.ts';
import { noteTriage, type Triaged } from '../queue/rows/note-triage.ts';
import type { LocalDatabase } from '../queue/rows/local-database.ts';
import { finishPacking } from '../queue/rows/finish-packing.ts';
import { atOnce } from './at-once.ts';
import type { FileToQueue, NotQueued, PolicyForTask } from './device-tasks.ts';
import type { FoundFile, StudyGroup } from './group-studies.ts';
import { planBatches, planParcels } from './plan-parcels.ts';
import { aboutOf, titleOf } from './study-snapshots.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface QueueingTools {
  readonly database: LocalDatabase;
  readonly key: Promise<CryptoKey>;
  readonly pool: WorkerPool;
  readonly now: () => number;
  readonly createId: () => string;
  /** Who queues; null where the device does not know. */
  readonly account: () => string | null;
  /** Runs `work` so that other tabs know that this study is being written. */
  readonly whileWriting: <T>(studyId: string, work: () => Promise<T>) => Promise<T>;
  /**
   * Takes a study that is half in the queue out of it, and tells the gateway what will not come. `cancelled`:
   * by a person, who wants nothing of it to arrive; else it will probably be sent again. Never throws but for
   * a database that cannot be written.
   */
  readonly giveUp: (studyId: string, why: 'cancelled' | 'failed') => Promise<void>;
  /**
   * What the models on this device have said of it by now, null where they were not asked; what they say
   * later they note under this id. Nothing waits for them.
   */
  readonly triaged: (studyId: string, group: StudyGroup) => Triaged | null;
  /** A study was named: it may be announced. */
  readonly onQueued: () => void;
}

/** Under what it travels, and to whom it is sealed. */
export interface SendingTerms {
  readonly policy: Policy;
  readonly forTask: PolicyForTask;
  readonly sealingKey: SealingKey;
  /** Places of the files that a person released. */
  readonly released: ReadonlySet<number>;
}

export interface QueueingWatch {
  /** These files were read and named, or turned out not to travel. */
  onNamed(files: readonly FoundFile[]): void;
  /** These files are safe on this device, or need not be. */
  onSafe(files: readonly FoundFile[]): void;
  onNotQueued(file: FoundFile, because: NotQueued['because']): void;
}

/**
 * Throws the signal's reason when a person takes it back here, else what kept it from being whole; it is out
 * of the queue then.
 */
export async function queueStudy(
  tools: QueueingTools,
  group: StudyGroup,
  terms: SendingTerms,
  watch: QueueingWatch,
  signal: AbortSignal,
): Promise<void> {
  const id = tools.createId();
  const { name, version, deidentify } = terms.policy;
  await tools.whileWriting(id, async () => {
    const row = {
      id,
      queuedAt: tools.now(),
      account: tools.account(),
      policy: { name, version, deidentify },
      title: titleOf(group),
      about: aboutOf(group),
    };
    try {
      await beginStudy(tools.database, await tools.key, row);
      const wanted = await nameAll(tools, id, group, terms, watch, signal);
      const triaged = tools.triaged(id, group);
      if (triaged !== null)
        await noteTriage(tools.database, id, triaged.said, triaged.setAside).catch(() => undefined);
      if (!(await finishNaming(tools.database, id))) return;
      tools.onQueued();
      await packAll(tools, id, group, wanted, terms, watch, signal);
      signal.throwIfAborted();
      await finishPacking(tools.database, id);
      tools.onQueued();
    } catch (error) {
      // Taken back or cancelled on the queue's page, or already in the PACS as a whole: nothing went wrong.
      if (isGone(error) && (await isOver(tools.database, id))) return;
      await tools.giveUp(id, signal.aborted ? 'cancelled' : 'failed');
      throw error;
    }
  });
}

function isGone(error: unknown): boolean {
  return error instanceof Error && error.name === 'StudyGone';
}

async function isOver(database: LocalDatabase, id: string): Promise<boolean> {
  const study = await database.studies.get(id);
  return study === undefined || study.state === 'taken-back' || study.state === 'done';
}

/** The files that were named: those that have something to pack. */
async function nameAll(
  { pool }: QueueingTools,
  studyId: string,
  group: StudyGroup,
  { forTask, released }: SendingTerms,
  watch: QueueingWatch,
  signal: AbortSignal,
): Promise<ReadonlySet<number>> {
  const wanted = new Set<number>();
  await atOnce(planBatches(group), pool.size, async (batch) => {
    const { notQueued, duplicates } = await pool.run(
      { kind: 'name', studyId, files: batch.map((found) => toFile(found, released)), policy: forTask },
      signal,
    );
    const out = new Set([...duplicates, ...tellNotQueued(batch, notQueued, watch)]);
    for (const { ordinal } of batch) if (!out.has(ordinal)) wanted.add(ordinal);
    watch.onNamed(batch);
    watch.onSafe(batch.filter(({ ordinal }) => out.has(ordinal)));
  });
  return wanted;
}

async function packAll(
  tools: QueueingTools,
  studyId: string,
  group: StudyGroup,
  wanted: ReadonlySet<number>,
  { forTask, sealingKey, released }: SendingTerms,
  watch: QueueingWatch,
  signal: AbortSignal,
): Promise<void> {
  const later = new Set<number>();
  const pack = (files: ReadonlySet<number>, onlyNeeded: boolean) =>
    atOnce(
      planParcels(group, ({ ordinal }) => files.has(ordinal)),
      tools.pool.size,
      async (parcel) => {
        const done = await tools.pool.run(
          {
            kind: 'pack',
            studyId,
            parcelId: tools.createId(),
            files: parcel.map((found) => toFile(found, released)),
            policy: forTask,
            sealingKey,
            onlyNeeded,
            workers: tools.pool.size,
          },
          signal,
        );
        tellNotQueued(parcel, done.notQueued, watch);
        const passedOver = new Set(done.later);
        for (const position of passedOver) later.add(position);
        watch.onSafe(parcel.filter(({ ordinal }) => !passedOver.has(ordinal)));
      },
    );
  await pack(wanted, true);
  // What the gateway has and the PACS has not yet: a copy stays here until there is a receipt.
  if (later.size > 0) await pack(new Set(later), false);
}

function toFile({ file, ordinal }: FoundFile, released: ReadonlySet<number>): FileToQueue {
  return { ref: file.ref, position: ordinal, ...(released.has(ordinal) && { released: true }) };
}

function tellNotQueued(
  files: readonly FoundFile[],
  notQueued: readonly NotQueued[],
  watch: QueueingWatch,
): readonly number[] {
  for (const { position, because } of notQueued) {
    const file = files.find(({ ordinal }) => ordinal === position);
    if (file) watch.onNotQueued(file, because);
  }
  return notQueued.map(({ position }) => position);
}
