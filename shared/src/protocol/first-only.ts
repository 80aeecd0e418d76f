/**
 * Finds the "first-only" instances of a receipt: the first destination has them, and another one that must have them
 * does not. Their state does not count as in the PACS, but their `proof` shows that the first destination has them.
 */
import type { Receipt, ReceiptInstance } from './receipt.ts';
import { instancesIn } from './same-uid.ts';
import { isInPacs } from './study-state.ts';

/** Instances that the first destination has, but not another one that must have them. */
export type FirstOnly = {
  readonly count: number;
  readonly of: number;
  /** The names of the destinations that lack any of these instances: at least one. */
  readonly missingAt: readonly string[];
};
type Told = Pick<Receipt, 'instances' | 'destinations'>;

/** The first-only instances, each UID once. */
export const firstOnlyOf = (receipt: Told): ReadonlySet<ReceiptInstance> =>
  new Set(lackedIn(receipt).flatMap(({ lacked }) => lacked));

/** Null: there are no first-only instances. */
export function firstOnlyIn(receipt: Told): FirstOnly | null {
  const missingAt = lackedIn(receipt).map(({ name }) => name);
  if (missingAt.length === 0) return null;
  return { count: firstOnlyOf(receipt).size, of: instancesIn(receipt.instances).length, missingAt };
}

/**
 * First-only instances that a person left out: they stay in the first destination, and the others do without them.
 * `missingAt`: the destinations that lack any of these.
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

/** The destinations that must have the study and lack some of what the first one has. */
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
