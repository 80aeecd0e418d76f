/** Failures of a proof that has to be complete (`--complete`): parts that are missing, and tests that were skipped. */
import type { ToldSkip } from './run-suites.ts';

/** Reasons of a clone without `../shared`, which brings these; the clone proves everything else. */
const OF_SHARED = /corpus|labelled images|evaluation set|\.\.\/shared/;

/** `hasShared`: whether `../shared` lies beside the clone; without it, only its own absence is excused. */
export const countMissing = (
  missing: readonly ToldSkip[],
  skips: readonly ToldSkip[],
  hasShared: boolean,
): number => [...missing, ...skips].filter(({ why }) => hasShared || !OF_SHARED.test(why)).length;
