/** Assembly: a complete study moves on to the PACS, and its copies start to take over its instances. */
import { copiesOf } from '../stores/copy.store.ts';
import { countStates } from '../stores/instance.store.ts';
import { isComplete, nothingToDo, type LockedStudy, type Plan } from '../plan/study-plan.ts';

export async function planAssembly({ study, db }: LockedStudy): Promise<Plan> {
  if (study.state !== 'receiving') return nothingToDo('elsewhere');
  const counts = await countStates(db, study.id);
  if (!isComplete(counts)) return nothingToDo('incomplete');
  return {
    outcome: 'assembled',
    event: 'all-settled',
    next: [
      { queue: 'forward', studyId: study.id },
      ...(await copiesOf(db, study.id)).map(({ id }) => ({ queue: 'assembly', studyId: id }) as const),
    ],
    audit: { event: 'study-assembled', revision: study.revision, ...Object.fromEntries(counts) },
  };
}
