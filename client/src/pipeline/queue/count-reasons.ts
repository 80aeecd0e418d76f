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
    readonly destination?: string | null;
  }>,
): Reasons {
  const counted = { refused: new Map<string, ReasonCount>(), quarantined: new Map<string, ReasonCount>() };
  let leftOut = 0;
  for (const { state, reason, pacsCode = null, destination = null } of instances) {
    if (state === 'left-out') leftOut += 1;
    if (state !== 'refused' && state !== 'quarantined') continue;
    // The PACS refused it without a reason.
    const because = reason ?? 'pacs-refused';
    const key = `${because} ${destination ?? ''}`;
    const { instances: before = 0, pacsCodes = [] } = counted[state].get(key) ?? {};
    const codes =
      state !== 'refused' || pacsCode === null ? pacsCodes : [...new Set([...pacsCodes, pacsCode])];
    counted[state].set(key, {
      reason: because,
      instances: before + 1,
      ...(destination !== null && { destination }),
      ...(codes.length > 0 && { pacsCodes: codes }),
    });
  }
  return { refused: [...counted.refused.values()], quarantined: [...counted.quarantined.values()], leftOut };
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
