/** A person's order of the waiting studies; the uploader reads it with `pending`. */
import type { LocalDatabase, StudyRow } from './local-database.ts';
import type { QueueStore } from '../queued-study.ts';
import { ranksAfterMove } from '../sending-order.ts';

/** A part of it is still to be sent. */
export function isToBeSent({ state, waiting }: StudyRow): boolean {
  return waiting !== 'interrupted' && (state === 'reading' || state === 'safe' || state === 'uploading');
}

/** Also of one whose cancelling the gateway has not confirmed; once it has, that cannot be taken back. */
export const RESUMED = { paused: false, cancelling: undefined } as const;

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

  async function change(ids: readonly string[], changes: Partial<StudyRow>): Promise<void> {
    await database.studies.where('id').anyOf(ids).modify(changes);
    wake();
  }

  async function place(id: string, at: number, also: Partial<StudyRow>): Promise<void> {
    await database.transaction('rw', database.studies, async () => {
      const waiting = await database.studies.filter((row) => isOwn(row) && isToBeSent(row)).toArray();
      if (!waiting.some((row) => row.id === id)) return;
      for (const [each, rank] of ranksAfterMove(waiting, id, at))
        await database.studies.update(each, { rank });
      await database.studies.update(id, also);
    });
    wake();
  }

  return {
    pause: (...ids) => change(ids, { paused: true }),
    resume: (...ids) => change(ids, RESUMED),
    sendFirst: (id) => place(id, 0, RESUMED),
    move: (id, at) => place(id, at, {}),
  };
}
