/**
 * Copies whose destination was given up are sent there after all. Instances not known to be there are sent again, from
 * the gateway's disk or, where their bytes are gone, from the destination that has them (fetch-for-copy.ts). The study
 * then waits for a required destination again, and its next receipt states the outcome.
 */
import type { Need } from '#shared/protocol/forms.ts';
import type { InstanceState } from '#shared/protocol/study-state.ts';
import { applyPlan, type ApplyTools } from '../plan/apply-plan.ts';
import { instancesOf, NOTHING_COUNTED, type InstanceChange } from '../stores/instance.store.ts';
import { nothingToDo, type Planner } from '../plan/study-plan.ts';
import type { StudyRow } from '../stores/study.store.ts';

/** States in which a study may have several instances under one UID. */
const INACTIVE: readonly InstanceState[] = ['refused', 'quarantined', 'left-out'];

type Copy = Pick<StudyRow, 'id' | 'copy_of' | 'need'>;

/** `by`: the account that asks for it. Returns how many copies were resumed. */
export async function resumeCopies(
  tools: ApplyTools,
  copies: readonly (Copy & { readonly wanted: Need })[],
  by: string | null,
): Promise<number> {
  let count = 0;
  for (const { id, copy_of: original, wanted } of copies) {
    const { outcome } = await applyPlan(tools, id, planResumed(wanted, by));
    if (outcome !== 'resumed') continue;
    count += 1;
    if (wanted === 'required' && original !== null) await applyPlan(tools, original, planWaiting);
  }
  return count;
}

const planResumed =
  (need: Need, by: string | null): Planner =>
  async ({ study, db }) => {
    if (study.given_up_at === null || study.copy_of === null) return nothingToDo('elsewhere');
    const all = await instancesOf(db, study.id);
    const taken = new Set(
      all.filter(({ state }) => !INACTIVE.includes(state)).map((row) => row.sop_instance_uid),
    );
    const again = all
      .filter(({ reason }) => reason === 'destination-given-up')
      .flatMap((row) => {
        if (taken.has(row.sop_instance_uid)) return [];
        taken.add(row.sop_instance_uid);
        return [toAwaited(row.id)];
      });
    return {
      outcome: 'resumed',
      changes: [
        { kind: 'resume-copy', need },
        { kind: 'change-instances', from: ['left-out'], changes: again },
      ],
      event: 'late-instance',
      next: [{ queue: 'assembly', studyId: study.id }],
      audit: {
        event: 'study-resumed',
        studyId: study.copy_of,
        destinationId: study.destination_id ?? '',
        instances: again.length,
        ...(by !== null && { by }),
      },
    };
  };

/** Resets an instance of a copy so that it begins its way again. */
export const toAwaited = (id: number): InstanceChange => ({
  ...{ id, state: 'promised', reason: null, place: null, proof: null, pacsCode: null, postedAt: null },
  ...NOTHING_COUNTED,
});

/** The study's own receipt is out of date. */
const planWaiting: Planner = async ({ study }) => ({
  outcome: 'resumed',
  event: 'late-instance',
  next: [{ queue: 'assembly', studyId: study.id }],
});
