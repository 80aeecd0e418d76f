/** Why instances of a study are refused or held, in numbers. Pure. */
import type { ReasonCount } from './queued-study.ts';

export interface Reasons {
  readonly refused: readonly ReasonCount[];
  readonly quarantined: readonly ReasonCount[];
}

export const NO_REASONS: Reasons = { refused: [], quarantined: [] };

export function countReasons(
  instances: Iterable<{ readonly state: string; readonly reason: string | null }>,
): Reasons {
  const counted = { refused: new Map<string, number>(), quarantined: new Map<string, number>() };
  for (const { state, reason } of instances) {
    if (state !== 'refused' && state !== 'quarantined') continue;
    // The PACS refused it without a reason.
    const because = reason ?? 'pacs-refused';
    counted[state].set(because, (counted[state].get(because) ?? 0) + 1);
  }
  const list = (counts: ReadonlyMap<string, number>) =>
    [...counts].map(([reason, instances]) => ({ reason, instances }));
  return { refused: list(counted.refused), quarantined: list(counted.quarantined) };
}
