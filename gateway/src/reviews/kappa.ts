/**
 * Agreement beyond chance: Cohen's kappa for two readers, Fleiss' kappa for several. Categories have no order. Null:
 * kappa is not defined, because only one category was ever chosen.
 */
export type Kappa = {
  readonly kappa: number;
  /** The ends of the 95 % confidence interval. */
  readonly low: number;
  readonly high: number;
};
export type Category = string | number;

/** The 97.5th percentile of the normal distribution. */
const Z = 1.959963984540054;

const around = (kappa: number, error: number): Kappa => ({
  kappa,
  low: Math.max(-1, kappa - Z * error),
  high: Math.min(1, kappa + Z * error),
});

/** How often each subject was seen, usually once. */
type Weights = readonly number[];
const sumOf = (weights: Weights): number => weights.reduce((sum, weight) => sum + weight, 0);

/**
 * Cohen 1960. The standard error for large samples follows Fleiss, Cohen and Everitt 1969, formula 13 (as statsmodels
 * computes it).
 */
export function cohensKappa(
  pairs: readonly (readonly [Category, Category])[],
  weights: Weights = pairs.map(() => 1),
): Kappa | null {
  const n = sumOf(weights);
  if (n === 0) return null;
  const categories = [...new Set(pairs.flat())];
  const share = (test: (pair: readonly [Category, Category]) => boolean): number =>
    sumOf(weights.filter((_, at) => test(pairs[at]!))) / n;
  const rows = new Map(categories.map((one) => [one, share(([first]) => first === one)]));
  const columns = new Map(categories.map((one) => [one, share(([, second]) => second === one)]));
  const agreed = share(([first, second]) => first === second);
  const expected = categories.reduce<number>((sum, one) => sum + rows.get(one)! * columns.get(one)!, 0);
  if (expected === 1) return null;
  const kappa = (agreed - expected) / (1 - expected);
  let onDiagonal = 0;
  let beside = 0;
  for (const i of categories)
    for (const j of categories) {
      const p = share(([first, second]) => first === i && second === j);
      if (i === j) onDiagonal += p * (1 - (rows.get(i)! + columns.get(i)!) * (1 - kappa)) ** 2;
      else beside += p * (columns.get(i)! + rows.get(j)!) ** 2;
    }
  const off = (1 - kappa) ** 2 * beside;
  const correction = (kappa - expected * (1 - kappa)) ** 2;
  const variance = (onDiagonal + off - correction) / ((1 - expected) ** 2 * n);
  return around(kappa, Math.sqrt(Math.max(0, variance)));
}

/**
 * Fleiss 1971, for subjects that all have the same number of readings. The standard error is a jackknife over the
 * subjects, because the formula of 1979 holds only where there is no agreement at all.
 */
export function fleissKappa(
  subjects: readonly (readonly Category[])[],
  weights: Weights = subjects.map(() => 1),
): Kappa | null {
  const readers = subjects[0]?.length ?? 0;
  const all = sumOf(weights);
  if (readers < 2 || all < 2 || subjects.some(({ length }) => length !== readers)) return null;
  const counted = subjects.map((readings) => {
    const counts = new Map<Category, number>();
    for (const one of readings) counts.set(one, (counts.get(one) ?? 0) + 1);
    const pairs = [...counts.values()].reduce((sum, count) => sum + count * (count - 1), 0);
    return { counts, agreement: pairs / (readers * (readers - 1)) };
  });
  const totals = new Map<Category, number>();
  for (const [at, { counts }] of counted.entries())
    for (const [category, count] of counts)
      totals.set(category, (totals.get(category) ?? 0) + count * weights[at]!);
  const agreement = counted.reduce((sum, one, at) => sum + one.agreement * weights[at]!, 0);
  const kappaOf = (left: (typeof counted)[number] | null): number | null => {
    const n = all - (left === null ? 0 : 1);
    const observed = (agreement - (left?.agreement ?? 0)) / n;
    let expected = 0;
    for (const [category, total] of totals)
      expected += ((total - (left?.counts.get(category) ?? 0)) / (n * readers)) ** 2;
    return expected === 1 ? null : (observed - expected) / (1 - expected);
  };
  const kappa = kappaOf(null);
  const without = counted.map(kappaOf);
  if (kappa === null || without.includes(null)) return null;
  const values = without as readonly number[];
  const mean = values.reduce((sum, value, at) => sum + value * weights[at]!, 0) / all;
  const spread = values.reduce((sum, value, at) => sum + weights[at]! * (value - mean) ** 2, 0);
  return around(kappa, Math.sqrt(((all - 1) / all) * spread));
}
