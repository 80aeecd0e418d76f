/** How a chosen file would be named if it were sent. The queue, the gateway and receipts know it by that name. */
import type { InstanceKey } from '../../queue/upload-queue.ts';
import { lookedAt } from './hold-companions.ts';
import type { InspectedFile, Inspection } from './inspection.ts';

/**
 * Names the file under the policy with this name, or under the one in force if that policy is gone. Null if the file
 * would not be sent. Throws NotPrepared, TaskFault, or the signal's reason.
 */
export async function recogniseFile(
  { tools }: Pick<Inspection, 'tools'>,
  shown: InspectedFile,
  signal: AbortSignal,
  policyName?: string,
): Promise<InstanceKey | null> {
  const policy = await tools.policy(shown, signal, policyName);
  const { found } = shown;
  const boxes = tools.released().get(found.ordinal);
  const looked = boxes ? { looked: lookedAt(found), boxes } : {};
  const file = { ref: found.file.ref, position: found.ordinal, ...looked };
  return policy && tools.pool.run({ kind: 'recognise', file, policy }, signal);
}
