/**
 * Handles instances that the spool lost or spoiled. The device still has them as long as it has no receipt, and is
 * asked for them again. If it has the receipt and only a further destination is still to get them, they are fetched
 * from the first destination, which has them.
 */
import { IN_PACS } from '#shared/protocol/study-state.ts';
import { hasReceipts } from '../stores/copy.store.ts';
import { instancesByKey, type InstanceChange, type InstanceRow } from '../stores/instance.store.ts';
import type { Planner } from '../plan/study-plan.ts';
import type { StudyRow } from '../stores/study.store.ts';
import type { ForwardTools } from './forward-tools.ts';

type Lost = Pick<InstanceRow, 'id' | 'sop_instance_uid' | 'digest' | 'coerced_from'>;

/** Returns instances that were marked `posting` although the PACS was not given all their bytes. */
export async function returnLost(
  { copy_of: original, need }: Pick<StudyRow, 'copy_of' | 'need'>,
  lost: readonly Lost[],
  { apply, db }: Pick<ForwardTools, 'apply' | 'db'>,
): Promise<void> {
  if (lost.length === 0) return;
  if (original !== null) {
    const asksDevice = need === 'required' && !(await hasReceipts(db, original));
    // The original changes before the copy. After a crash in between, the copy finds them lost again.
    await apply(asksDevice ? planLostInCopy(lost) : planWithoutBytes(lost), original);
  }
  await apply(async () => ({
    outcome: 'lost',
    changes: [
      {
        kind: 'change-instances',
        from: ['posting'],
        changes: lost.map(({ id }): InstanceChange => {
          return { id, state: 'promised', place: null, postedAt: null };
        }),
      },
      { kind: 'reopen-parcels' },
    ],
    event: 'late-instance',
    audit: { event: 'instances-lost', instances: lost.length },
  }));
}

const keysOf = (lost: readonly Lost[]) =>
  lost.map((row) => ({ sopInstanceUID: row.sop_instance_uid, digest: row.coerced_from ?? row.digest }));

/** The original has delivered them, so the copy fetches them from its PACS (fetch-for-copy.ts). */
const planWithoutBytes =
  (lost: readonly Lost[]): Planner =>
  async ({ study, db }) => {
    const rows = await instancesByKey(db, study.id, keysOf(lost));
    return {
      outcome: 'lost',
      changes: [
        {
          kind: 'change-instances',
          from: IN_PACS,
          changes: rows.map(({ id, state }) => ({ id, state, place: null })),
        },
      ],
    };
  };

/** The original may have delivered them already. If so, it will find that its PACS has them. */
const planLostInCopy =
  (lost: readonly Lost[]): Planner =>
  async ({ study, db }) => {
    const rows = await instancesByKey(db, study.id, keysOf(lost));
    return {
      outcome: 'lost',
      changes: [
        {
          kind: 'change-instances',
          from: ['received', ...IN_PACS],
          changes: rows.map(({ id }) => ({
            ...{ id, state: 'promised', place: null, postedAt: null, pacsCode: null, proof: null },
          })),
        },
        { kind: 'reopen-parcels' },
      ],
      event: 'late-instance',
      audit: { event: 'instances-lost', instances: rows.length },
    };
  };
