/**
 * The order in which anonymous rows are written: sorted by their labels, and at random among rows with the same labels.
 */
import { QUASI_IDENTIFIERS, type QuasiLabels } from './quasi-identifiers.ts';

/** The indexes of the rows that are written. `lots`: a random number for each row. */
export function arrangeRows(labels: readonly (QuasiLabels | null)[], lots: Uint32Array): Uint32Array {
  const told = [...labels.keys()].filter((at) => labels[at] !== null);
  const keys = new Map<QuasiLabels, string>();
  const keyAt = (at: number): string => {
    const of = labels[at]!;
    const key = keys.get(of) ?? QUASI_IDENTIFIERS.map((name) => of[name]).join('\n');
    keys.set(of, key);
    return key;
  };
  return Uint32Array.from(
    told
      .map((at) => ({ at, key: keyAt(at), lot: lots[at]! }))
      .sort((a, b) => (a.key === b.key ? a.lot - b.lot : a.key < b.key ? -1 : 1))
      .map(({ at }) => at),
  );
}
