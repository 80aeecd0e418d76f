/** Why instances of a study are refused or held, in numbers, and how many a person left out. Pure. */
import type { ReasonCount } from './queued-study.ts';

export interface Reasons {
  readonly refused: readonly ReasonCount[];
  readonly quarantined: readonly ReasonCount[];
  readonly leftOut: number;
}

export const NO_REASONS: Reasons = { refused: [], quarantined: [], leftOut: 0 };

export function countReasons(
  instances: Iterable<{
    readonly state: string;
    readonly reason: string | null;
    readonly pacsCode?: number | null;
  }>,
): Reasons {
  const counted = { refused: new Map<string, number>(), quarantined: new Map<string, number>() };
  const codes = new Map<string, Set<number>>();
  let leftOut = 0;
  for (const { state, reason, pacsCode = null } of instances) {
    if (state === 'left-out') leftOut += 1;
    if (state !== 'refused' && state !== 'quarantined') continue;
    // The PACS refused it without a reason.
    const because = reason ?? 'pacs-refused';
    addTo(counted[state], because);
    if (state === 'refused' && pacsCode !== null)
      codes.set(because, (codes.get(because) ?? new Set()).add(pacsCode));
  }
  const refused = listOf(counted.refused).map((count) => {
    const given = codes.get(count.reason);
    return given === undefined ? count : { ...count, pacsCodes: [...given] };
  });
  return { refused, quarantined: listOf(counted.quarantined), leftOut };
}

export function addTo(counts: Map<string, number>, reason: string): void {
  counts.set(reason, (counts.get(reason) ?? 0) + 1);
}

export function listOf(counts: ReadonlyMap<string, number>): readonly ReasonCount[] {
  return [...counts].map(([reason, instances]) => ({ reason, instances }));
}

export function sumOf(counts: readonly Pick<ReasonCount, 'instances'>[]): number {
  return counts.reduce((sum, count) => sum + count.instances, 0);
}
