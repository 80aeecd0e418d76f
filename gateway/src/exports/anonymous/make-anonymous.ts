/**
 * Makes rows anonymous in the sense of k-anonymity (Sweeney 2002): every combination of quasi-identifiers in the file
 * occurs at least `k` times. All rows begin with `any` everywhere, and groups of rows are made more exact as long as
 * that holds. This is Mondrian (LeFevre, DeWitt, Ramakrishnan 2006) on the steps of top-down specialization (Fung,
 * Wang, Yu 2005), so that frequent kinds of rows stay exact where rare ones do not. Losses are measured as normalized
 * certainty penalty (Xu et al. 2006).
 * A small rest stays with the label of its group if it has `k` rows. Otherwise either a smaller neighbour stays with
 * it, or the rest is left out, whichever loses less. Equal rows always get equal labels, so neither the order of the
 * rows nor that of the database reveals anything about a row. This does not hide what all rows of a group have in
 * common (l-diversity), nor what two exports of nearly the same rows reveal together.
 */
import {
  HIERARCHIES,
  QUASI_IDENTIFIERS,
  type QuasiIdentifier,
  type QuasiLabels,
  type Subject,
} from './quasi-identifiers.ts';

/** Subjects whose most exact labels are the same. */
type Kind = {
  /** For each quasi-identifier, its labels, `any` first. */
  readonly paths: readonly (readonly string[])[];
  /** The number of people in this kind: the sum of its rows' shares. */
  readonly count: number;
};
/** Kinds that have the same labels so far. */
type Group = {
  readonly kinds: readonly Kind[];
  readonly count: number;
  /** For each quasi-identifier, the index of the current label in the kinds' paths. */
  readonly depths: readonly number[];
  /** Quasi-identifiers that are not made more exact any further, because the group is the rest of a split by them. */
  readonly closed: readonly boolean[];
};
type Part = Pick<Group, 'kinds' | 'count'> & { readonly label: string };
/** A way to make the labels of a group more exact. */
type Split = {
  readonly at: number;
  /** `parts` each get a label of their own; `rest` keeps the label it had; kinds that are left out are in neither. */
  readonly parts: readonly Part[];
  readonly rest: readonly Part[];
  readonly gain: number;
};
/** For each quasi-identifier and label: how much of what is known is lost by telling only this label, 0 to 1. */
type Losses = readonly ReadonlyMap<string, number>[];

/**
 * The loss of a row that is left out. It exceeds that of all its quasi-identifiers together, because the rest of the
 * row is lost too.
 */
const LOSS_OF_ROW = 2 * QUASI_IDENTIFIERS.length;

/** Shares are fractions, and three thirds must count as one. */
export const ROUNDING = 1e-6;

/**
 * Returns the labels of each row; null: the row is left out. `shares`: each row's share of its person, who may have
 * several rows. The shares make `k` count people: a group whose shares add up to `k` holds at least `k` people.
 */
export function makeAnonymous(
  subjects: readonly Subject[],
  k: number,
  shares: ArrayLike<number> = subjects.map(() => 1),
): readonly (QuasiLabels | null)[] {
  const keys = subjects.map((subject) =>
    JSON.stringify(QUASI_IDENTIFIERS.map((name) => HIERARCHIES[name](subject).toReversed())),
  );
  const counts = new Map<string, number>();
  for (const [row, key] of keys.entries()) counts.set(key, (counts.get(key) ?? 0) + shares[row]!);
  // Sorted by key, so that the order of the rows reveals nothing.
  const kinds = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  const labels = labelKinds(
    kinds.map(([key, count]) => ({ paths: JSON.parse(key) as string[][], count })),
    k - ROUNDING,
  );
  const byKey = new Map(kinds.map(([key], index) => [key, labels[index]!]));
  return keys.map((key) => byKey.get(key)!);
}

function labelKinds(kinds: readonly Kind[], k: number): readonly (QuasiLabels | null)[] {
  const losses = lossesOf(kinds);
  const labels = new Map<Kind, QuasiLabels>();
  const all: Group = {
    ...together(kinds),
    depths: QUASI_IDENTIFIERS.map(() => 0),
    closed: QUASI_IDENTIFIERS.map(() => false),
  };
  const open = all.count < k ? [] : [all];
  for (let group = open.pop(); group !== undefined; group = open.pop()) {
    const split = bestSplit(group, k, losses);
    if (split === null) for (const kind of group.kinds) labels.set(kind, labelsOf(kind, group.depths));
    else open.push(...apply(group, split));
  }
  return kinds.map((kind) => labels.get(kind) ?? null);
}

const labelsOf = ({ paths }: Kind, depths: readonly number[]): QuasiLabels =>
  Object.fromEntries(
    QUASI_IDENTIFIERS.map((name, at): [QuasiIdentifier, string] => [name, paths[at]![depths[at]!]!]),
  ) as QuasiLabels;

const together = (kinds: readonly Kind[]): Pick<Group, 'kinds' | 'count'> => ({
  kinds,
  count: kinds.reduce((sum, { count }) => sum + count, 0),
});

/** Only values that occur are counted: telling `any` loses nothing if there is just one value. */
function lossesOf(kinds: readonly Kind[]): Losses {
  return QUASI_IDENTIFIERS.map((_, at) => {
    const exact = new Map<string, Set<string>>();
    for (const { paths } of kinds)
      for (const label of paths[at]!) {
        const under = exact.get(label) ?? new Set();
        exact.set(label, under.add(paths[at]!.at(-1)!));
      }
    const most = Math.max(1, ...[...exact.values()].map(({ size }) => size - 1));
    return new Map([...exact].map(([label, { size }]) => [label, (size - 1) / most]));
  });
}

function apply({ depths, closed }: Group, { at, parts, rest }: Split): Group[] {
  const deeper = depths.with(at, depths[at]! + 1);
  const told = parts.map(({ kinds, count }) => ({ kinds, count, depths: deeper, closed }));
  if (rest.length === 0) return told;
  const kept = together(rest.flatMap(({ kinds }) => kinds));
  return [...told, { ...kept, depths, closed: closed.with(at, true) }];
}

/** Null where no split gains anything. */
function bestSplit(group: Group, k: number, losses: Losses): Split | null {
  let best: Split | null = null;
  for (const at of QUASI_IDENTIFIERS.keys()) {
    const split = splitAt(group, at, { k, losses });
    if (split !== null && (best === null || split.gain > best.gain)) best = split;
  }
  return best;
}

type Rule = { readonly k: number; readonly losses: Losses };

function splitAt(group: Group, at: number, { k, losses }: Rule): Split | null {
  const depth = group.depths[at]!;
  const [first] = group.kinds;
  if (group.closed[at] || depth + 1 === first!.paths[at]!.length) return null;
  const before = losses[at]!.get(first!.paths[at]![depth]!)!;
  const gainOf = ({ label, count }: Part): number => count * (before - losses[at]!.get(label)!);
  const all = partsOf(group, at, depth + 1);
  const large = all.filter(({ count }) => count >= k).sort((a, b) => a.count - b.count);
  const rest = all.filter(({ count }) => count < k);
  const few = countOf(rest);
  if (few > 0 && few < k) {
    const [smallest] = large;
    const isTaken = smallest !== undefined && large.length > 1 && gainOf(smallest) < few * LOSS_OF_ROW;
    if (isTaken) rest.push(large.shift()!);
  }
  const isLeftOut = countOf(rest) < k;
  const lost = isLeftOut ? countOf(rest) * LOSS_OF_ROW : 0;
  const gain = large.reduce((sum, part) => sum + gainOf(part), 0) - lost;
  // A label that means the same as the one before loses nothing, so it is told too.
  const isFree = lost === 0 && large.length > 0;
  return gain > 0 || isFree ? { at, parts: large, rest: isLeftOut ? [] : rest, gain } : null;
}

const countOf = (parts: readonly Part[]): number => parts.reduce((sum, { count }) => sum + count, 0);

function partsOf({ kinds }: Group, at: number, depth: number): Part[] {
  const byLabel = Map.groupBy(kinds, ({ paths }) => paths[at]![depth]!);
  return [...byLabel].map(([label, of]) => ({ label, ...together(of) }));
}
