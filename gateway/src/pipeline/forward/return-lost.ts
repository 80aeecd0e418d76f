/**
 * Instances that the spool lost or spoiled: the device still has them, because it has no receipt, and is asked
 * for them again.
 */
import type { InstanceChange, InstanceRow } from '../instance.store.ts';
import type { ForwardTools } from './forward-tools.ts';

/** They were marked `posting`, and the PACS was given none of them whole. */
export async function returnLost(
  lost: readonly Pick<InstanceRow, 'id'>[],
  { apply }: Pick<ForwardTools, 'apply'>,
): Promise<void> {
  if (lost.length === 0) return;
  const changes = lost.map(
    ({ id }): InstanceChange => ({ id, state: 'promised', place: null, postedAt: null }),
  );
  await apply(async () => ({
    outcome: 'lost',
    changes: [{ kind: 'change-instances', from: ['posting'], changes }, { kind: 'reopen-parcels' }],
    event: 'late-instance',
    audit: { event: 'instances-lost', instances: lost.length },
  }));
}
