/** How a chosen file would be named if it were sent: by that the queue, the gateway and receipts know it. */
import type { InstanceKey } from '../queue/upload-queue.ts';
import { lookedAt } from './hold-companions.ts';
import type { InspectedFile, Inspection } from './inspection.ts';

/**
 * Under the policy of this name, or the one in force where that is gone. Null where it would not be sent. Throws
 * NotPrepared, TaskFault, or the signal's reason.
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
