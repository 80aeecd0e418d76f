/** Of a receipt: what the first destination has, and another one that must have it has not. */
import type { Receipt, ReceiptInstance } from './receipt.ts';
import { instancesIn } from './same-uid.ts';
import { isInPacs } from './study-state.ts';

/** Not in the PACS, because a further destination that must have it did not take it: the first one has it. */
export const isFirstOnly = ({ state, proof }: Pick<ReceiptInstance, 'state' | 'proof'>): boolean =>
  !isInPacs(state) && proof !== undefined;

/** Instances that the first destination has and another one that must have them has not. */
export type FirstOnly = {
  readonly count: number;
  readonly of: number;
  /** The destinations that lack any of them, by name. */
  readonly missingAt: readonly string[];
};

/** Each UID once; null: there are none. */
export function firstOnlyIn({
  instances,
  destinations = [],
}: Pick<Receipt, 'instances' | 'destinations'>): FirstOnly | null {
  const each = instancesIn(instances);
  const own = new Set(each.filter(isFirstOnly));
  if (own.size === 0) return null;
  const missingAt = destinations
    .filter(({ need, instances: there }) =>
      instances.some((one, at) => need === 'required' && own.has(one) && there?.[at]?.digest === undefined),
    )
    .map(({ name }) => name);
  return { count: own.size, of: each.length, missingAt };
}
