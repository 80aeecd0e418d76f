/**
 * Reads from a receipt what the first destination has, and another one that must have it has not. A proof tells what
 * the first one has; without a further one that lacks it, such an instance is said to be nowhere.
 */
import type { Receipt, ReceiptInstance } from './receipt.ts';
import { instancesIn } from './same-uid.ts';
import { isInPacs } from './study-state.ts';

/** Instances that the first destination has and another one that must have them has not. */
export type FirstOnly = {
  readonly count: number;
  readonly of: number;
  /** The destinations that lack any of them, by name: at least one. */
  readonly missingAt: readonly string[];
};
type Told = Pick<Receipt, 'instances' | 'destinations'>;

/** Each UID once. */
export const firstOnlyOf = (receipt: Told): ReadonlySet<ReceiptInstance> =>
  new Set(lackedIn(receipt).flatMap(({ lacked }) => lacked));

/** Null: there are none. */
export function firstOnlyIn(receipt: Told): FirstOnly | null {
  const missingAt = lackedIn(receipt).map(({ name }) => name);
  if (missingAt.length === 0) return null;
  return { count: firstOnlyOf(receipt).size, of: instancesIn(receipt.instances).length, missingAt };
}

/**
 * First-only instances that a person left out: somebody decided that the further ones need not have them, and the
 * first one keeps them. `missingAt`: the destinations that lack any of these.
 */
export function decidedFirstOnly(receipt: Told): {
  readonly instances: ReadonlySet<ReceiptInstance>;
  readonly missingAt: readonly string[];
} {
  const isOut = ({ state }: ReceiptInstance) => state === 'left-out';
  const all = lackedIn(receipt).filter(({ lacked }) => lacked.some(isOut));
  return {
    instances: new Set(all.flatMap(({ lacked }) => lacked.filter(isOut))),
    missingAt: all.map(({ name }) => name),
  };
}

/** The destinations that must have them and lack some of what the first one has. */
function lackedIn({ instances, destinations = [] }: Told) {
  const first = new Set(
    instancesIn(instances).filter(({ state, proof }) => !isInPacs(state) && proof !== undefined),
  );
  return destinations
    .filter(({ need }) => need === 'required')
    .map(({ name, instances: there }) => ({
      name,
      lacked: instances.filter((one, at) => first.has(one) && there?.[at]?.digest === undefined),
    }))
    .filter(({ lacked }) => lacked.length > 0);
}
