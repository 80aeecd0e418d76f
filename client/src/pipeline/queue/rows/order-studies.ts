/** A person's order of the waiting studies. The uploader reads it through `pending`. */
import type { LocalDatabase, StudyRow } from './local-database.ts';
import type { QueueStore } from '../queued-study.ts';
import { ranksAfterMove } from '../sending-order.ts';

/** Whether a part of the study still has to be sent. */
export function isToBeSent({ state, waiting }: StudyRow): boolean {
  return waiting !== 'interrupted' && (state === 'reading' || state === 'safe' || state === 'uploading');
}

function pause(row: StudyRow): void {
  row.paused = true;
}

/**
 * Resumes a study, even if the gateway has not confirmed its cancelling. The gateway may receive the cancelling
 * later, and then the person's later decision counts.
 */
function resume(row: StudyRow): void {
  row.paused = false;
  if (!row.cancelling) return;
  row.cancelling = undefined;
  row.resumed = true;
}

export function createOrdering({
  database,
  wake,
  account,
}: {
  readonly database: LocalDatabase;
  wake(): void;
  readonly account: () => string | null;
}): Pick<QueueStore, 'pause' | 'resume' | 'sendFirst' | 'move'> {
  const isOwn = (row: StudyRow) => row.account === null || row.account === account();

  async function change(ids: readonly string[], work: (row: StudyRow) => void): Promise<void> {
    await database.studies.where('id').anyOf(ids).modify(work);
    wake();
  }

  async function place(id: string, at: number, also: (row: StudyRow) => void): Promise<void> {
    await database.transaction('rw', database.studies, async () => {
      const waiting = await database.studies.filter((row) => isOwn(row) && isToBeSent(row)).toArray();
      if (!waiting.some((row) => row.id === id)) return;
      for (const [each, rank] of ranksAfterMove(waiting, id, at))
        await database.studies.update(each, { rank });
      await database.studies.where('id').equals(id).modify(also);
    });
    wake();
  }

  return {
    pause: (...ids) => change(ids, pause),
    resume: (...ids) => change(ids, resume),
    sendFirst: (id) => place(id, 0, resume),
    move: (id, at) => place(id, at, () => undefined),
  };
}
