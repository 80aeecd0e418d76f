/** Counts, by reason, the refused and held instances of a study, and the instances that a person left out. Pure. */
import { isAlreadyHere } from '#shared/protocol/reason-kinds.ts';
import type { ReasonCount } from './queued-study.ts';

export interface Reasons {
  readonly refused: readonly ReasonCount[];
  readonly quarantined: readonly ReasonCount[];
  readonly leftOut: number;
  /** Instances of `leftOut` whose originals are in the PACS in another form. */
  readonly versions?: number;
}

export const NO_REASONS: Reasons = { refused: [], quarantined: [], leftOut: 0 };

export function countReasons(
  instances: Iterable<{
    readonly state: string;
    readonly reason: string | null;
    readonly pacsCode?: number | null;
    readonly destination?: string | null;
    readonly stands?: true | undefined;
  }>,
): Reasons {
  const counted = { refused: new Map<string, ReasonCount>(), quarantined: new Map<string, ReasonCount>() };
  let leftOut = 0;
  let versions = 0;
  for (const { state, reason, pacsCode = null, destination = null, stands } of instances) {
    if (state === 'left-out') leftOut += 1;
    if (state === 'left-out' && isThere({ reason, stands })) versions += 1;
    if (state !== 'refused' && state !== 'quarantined') continue;
    // The PACS refused it without a reason.
    const because = reason ?? 'pacs-refused';
    const key = `${because} ${destination ?? ''} ${stands ?? ''}`;
    const { instances: before = 0, pacsCodes = [] } = counted[state].get(key) ?? {};
    const codes =
      state !== 'refused' || pacsCode === null ? pacsCodes : [...new Set([...pacsCodes, pacsCode])];
    counted[state].set(key, {
      reason: because,
      instances: before + 1,
      ...(destination !== null && { destination }),
      ...(codes.length > 0 && { pacsCodes: codes }),
      ...(stands && { stands }),
    });
  }
  const { refused, quarantined } = counted;
  return {
    ...{ refused: [...refused.values()], quarantined: [...quarantined.values()], leftOut },
    ...(versions > 0 && { versions }),
  };
}

/** True if the PACS has the same original in another form. Another image under the same UID does not count. */
export const isThere = ({ reason, stands }: { reason: string | null; stands?: true | undefined }): boolean =>
  stands === true && isAlreadyHere(reason);

export function addTo(counts: Map<string, number>, reason: string): void {
  counts.set(reason, (counts.get(reason) ?? 0) + 1);
}

export function listOf(counts: ReadonlyMap<string, number>): readonly ReasonCount[] {
  return [...counts].map(([reason, instances]) => ({ reason, instances }));
}

export function sumOf(counts: readonly Pick<ReasonCount, 'instances'>[]): number {
  return counts.reduce((sum, count) => sum + count.instances, 0);
}
