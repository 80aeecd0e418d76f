/**
 * After a restore: a device may have delivered what the backup still awaits, and have nothing left to send. What the
 * PACS has bit for bit counts as stored already; everything else is awaited as before.
 */
import type { StudyTools } from '../plan/pipeline-tools.ts';
import { isComplete, countsAfter, type Planner } from '../plan/study-plan.ts';
import { countStates, instancesOf, keepThoseIn } from '../stores/instance.store.ts';
import type { StudyRow } from '../stores/study.store.ts';
import { asFound } from './find-before.ts';
import { lookBefore, type LookOutcome } from './look-before.ts';

/**
 * A PACS that did not tell is asked again after a while, and one that may show it late too, as long as the instance is
 * awaited.
 */
const AGAIN_SECONDS = { untold: 600, absent: 3_600 };

/** Throws PacsUnreachable. */
export async function lookBack(study: StudyRow, tools: StudyTools, signal: AbortSignal): Promise<Planner> {
  const { db, pacs, now } = tools;
  const awaited = await instancesOf(db, study.id, ['promised']);
  const looked = await lookBefore(study, awaited, tools, signal);
  const same = new Set(looked.flatMap(({ id, kind }) => (kind === 'same' ? [id] : [])));
  const found = awaited.filter(({ id }) => same.has(id)).map((row) => asFound(row, pacs, now()));
  const count = (...kinds: LookOutcome['kind'][]): number =>
    looked.filter(({ kind }) => kinds.includes(kind)).length;
  const untold = awaited.length - count('same', 'other', 'absent');
  const afterSeconds = untold > 0 ? AGAIN_SECONDS.untold : AGAIN_SECONDS.absent;
  const isSettled = count('same', 'other') === awaited.length;
  return async ({ study: { id: studyId }, db: locked }) => {
    const changes = await keepThoseIn(locked, studyId, ['promised'], found);
    const left = countsAfter(await countStates(locked, studyId), 'promised', changes);
    return {
      outcome: isComplete(left) ? 'all-found' : 'some-awaited',
      changes: [{ kind: 'change-instances', from: ['promised'], changes }],
      next: isComplete(left)
        ? [{ queue: 'assembly', studyId }]
        : isSettled
          ? []
          : [{ queue: 'look-back', studyId, afterSeconds }],
      audit:
        changes.length === 0
          ? null
          : {
              event: 'instances-known-to-pacs',
              same: changes.length,
              conflicts: count('other'),
              unknown: untold,
            },
    };
  };
}
