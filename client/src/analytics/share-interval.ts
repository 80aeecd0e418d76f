/** Confidence interval of a proportion. Wilson (1927), as in NIST’s Engineering Statistics Handbook §7.2.4.1. */

/** The standard normal quantile for a two-sided interval of 95 %. */
const Z = 1.959964;

/** The 95 % interval of the share `count` / `of`. Both ends are within [0, 1]. */
export function shareInterval(count: number, of: number): { readonly low: number; readonly high: number } {
  const share = count / of;
  const square = Z ** 2 / of;
  const middle = share + square / 2;
  const reach = Z * Math.sqrt((share * (1 - share)) / of + square / (4 * of));
  return {
    low: Math.max(0, (middle - reach) / (1 + square)),
    high: Math.min(1, (middle + reach) / (1 + square)),
  };
}
