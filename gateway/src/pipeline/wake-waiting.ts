/** A destination was seen to answer: the studies that wait for it are tried now, instead of after their pause. */
import type { StudyState } from '#shared/protocol/study-state.ts';
import type { Db } from '../database/database.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { WHY_AWAY } from '../ports/pacs/why-away.ts';
import { enqueueStage, type Stage } from './plan/stages.ts';

type Tools = { readonly db: Db; readonly jobs: Pick<Jobs, 'enqueue'> };
type Road = readonly { readonly stage: Exclude<Stage, 'intake' | 'verify'>; readonly when: StudyState }[];

/** `road`: the stage that moves a study out of each state. Repeatable. */
export async function wakeWaiting({ db, jobs }: Tools, destinationId: string, road: Road): Promise<void> {
  const studies = await db
    .selectFrom('study')
    .select(['id', 'state'])
    .where('destination_id', '=', destinationId)
    .where('waiting_because', 'in', WHY_AWAY)
    .execute();
  await db.transaction().execute(async (trx) => {
    for (const { id: studyId, state } of studies) {
      const entry = road.find(({ when }) => when === state);
      if (entry) await enqueueStage(trx, { jobs }, { queue: entry.stage, studyId });
    }
  });
}
