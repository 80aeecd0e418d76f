/** Finds the primary destination, and decides whether the form of a new one proposes to replace it. */
import type { Destination } from '#shared/protocol/destination.ts';
import type { Tested } from './destinations.store.ts';
import { isUnusable } from './request-limit.ts';

type Listed = Pick<Destination, 'id' | 'isPrimary' | 'hasStudies'>;

export const primaryOf = <One extends Listed>(all: readonly One[]): One | null =>
  all.find(({ isPrimary }) => isPrimary) ?? null;

/**
 * Only before the first study, and only if the primary destination is known to fail: one that works was chosen on
 * purpose.
 */
export function isProposedAsPrimary(
  all: readonly Listed[],
  tests: ReadonlyMap<string, Pick<Tested, 'found'>>,
): boolean {
  const primary = primaryOf(all);
  if (primary === null || all.some(({ hasStudies }) => hasStudies)) return false;
  return isUnusable(tests.get(primary.id)?.found ?? null);
}
