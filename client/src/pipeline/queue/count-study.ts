/**
 * Counts the chosen instances of a study. Each is in exactly one place, and the places add up to all that were
 * chosen. An instance that the PACS keeps in another form needs a person; once it is left out, it counts as being in
 * the PACS. Another image under the same UID never does. Every number on every screen comes from here. The device
 * counts the instances that left and those that the gateway acknowledged. The gateway reports, a parcel later, the
 * instances that it verified and their outcome. Pure.
 */
import { sumOf } from './count-reasons.ts';
import type { Need, ReasonCount, Track } from './queued-study.ts';
import type { StudyRow } from './rows/local-database.ts';

export type CountedRow = Pick<
  StudyRow,
  | 'chosen'
  | 'instances'
  | 'held'
  | 'departed'
  | 'acknowledged'
  | 'counts'
  | 'state'
  | 'packing'
  | 'packed'
  | 'waiting'
  | 'reasons'
  | 'problem'
  | 'trouble'
  | 'toldSince'
>;

interface Counted {
  readonly track: Track;
  /** The instances of `track.needsYou`, by cause. */
  readonly needs: readonly Need[];
}

const NOWHERE: Track = {
  unsafe: 0,
  safe: 0,
  onTheWay: 0,
  atGateway: 0,
  inPacs: 0,
  needsYou: 0,
  leftOut: 0,
};

export function countStudy(row: CountedRow): Counted {
  if (row.state === 'taken-back') {
    const inPacs = Math.min((row.toldSince ?? row.counts)?.inPacs ?? 0, row.chosen);
    return { track: { ...NOWHERE, inPacs, leftOut: row.chosen - inPacs }, needs: [] };
  }
  if (row.waiting === 'interrupted')
    return counted(NOWHERE, [{ cause: 'interrupted', reason: null, instances: row.chosen }]);
  const needs = [
    ...toNeeds('held', row.held.reasons),
    ...toNeeds('quarantined', row.reasons.quarantined),
    ...toNeeds('refused', row.reasons.refused),
  ];
  const travelling = countTravelling(row);
  const { leftOut, versions = 0 } = row.reasons;
  const track = { ...travelling, leftOut: leftOut - versions + row.held.leftOut };
  const trouble = troubleOf(row, track);
  if (trouble === null) return counted(track, needs);
  return counted(
    trouble.left,
    [trouble.need, ...needs].filter(({ instances }) => instances > 0),
  );
}

/**
 * Whether a part of the study has not arrived at the gateway, or has trouble here. Such a study can be paused and
 * cancelled.
 */
export function hasPartHere(row: CountedRow): boolean {
  const { unsafe, safe, onTheWay } = countTravelling(row);
  return row.trouble !== null || unsafe + safe + onTheWay > 0;
}

function counted(track: Track, needs: readonly Need[]): Counted {
  return { track: { ...track, needsYou: sumOf(needs) }, needs };
}

function toNeeds(cause: Need['cause'], counts: readonly ReasonCount[]): readonly Need[] {
  return counts.map((count) => ({ cause, ...count }));
}

/** Counts the instances that need no decision and about which nobody has decided. */
function countTravelling(row: CountedRow): Track {
  const { reasons } = row;
  const { versions = 0 } = reasons;
  const decided = sumOf([...reasons.quarantined, ...reasons.refused]) + reasons.leftOut - versions;
  const rest = Math.max(0, row.instances - decided);
  if (row.state === 'done' || row.state === 'in-pacs') return { ...NOWHERE, inPacs: rest };
  // Instances without a row yet are still being read.
  const unnamed = Math.max(0, row.chosen - row.instances - sumOf(row.held.reasons) - row.held.leftOut);
  const counts = row.counts ?? {
    promised: 0,
    atGateway: 0,
    inPacs: 0,
    refused: 0,
    quarantined: 0,
    leftOut: 0,
  };
  // The gateway adds earlier sends of the study to its counts, so the instances that it has may be those.
  const others = Math.max(0, counts.promised - row.instances);
  const inPacs = Math.min(Math.max(counts.inPacs - others, versions), rest);
  // Instances that the gateway holds for a person count as being there until the receipt gives their reasons.
  const unsaid = Math.max(0, counts.refused + counts.quarantined + counts.leftOut - decided);
  const told = counts.atGateway + unsaid - Math.max(0, others - counts.inPacs);
  const there = Math.max(told, row.acknowledged - decided - inPacs);
  const atGateway = Math.min(Math.max(0, there), rest - inPacs);
  const departed = Math.max(0, Math.min(row.departed, row.instances) - decided);
  const onTheWay = Math.max(0, Math.min(departed, rest) - inPacs - atGateway);
  const here = rest - inPacs - atGateway - onTheWay;
  // Nothing records how many of the sent instances were packed before. Calling too few instances safe is better than
  // calling one too many safe.
  const safe = row.packing ? Math.max(0, Math.min(here, row.packed - row.departed)) : here;
  return { ...NOWHERE, unsafe: here - safe + unnamed, safe, onTheWay, atGateway, inPacs };
}

/**
 * A problem of the whole study takes the instances that it stops out of their places. An unreadable copy stops the
 * instances that have not arrived. A refusal stops all that are not in the PACS. Without a valid receipt, no instance
 * counts as being in the PACS.
 */
function troubleOf(
  { state, problem, trouble, packing }: CountedRow,
  track: Track,
): { readonly left: Track; readonly need: Need } | null {
  const { unsafe, safe, onTheWay, atGateway, inPacs, leftOut } = track;
  if (state === 'failed')
    return {
      left: { ...NOWHERE, inPacs, leftOut },
      need: { cause: 'failed', reason: problem, instances: unsafe + safe + onTheWay + atGateway },
    };
  if (trouble === null || state === 'done') return null;
  if (trouble !== 'copy-unreadable')
    return {
      left: { ...NOWHERE, leftOut },
      need: { cause: 'trouble', reason: trouble, instances: unsafe + safe + onTheWay + atGateway + inPacs },
    };
  const stays = packing ? { unsafe } : { unsafe: 0 };
  return {
    left: { ...NOWHERE, ...stays, atGateway, inPacs, leftOut },
    need: { cause: 'trouble', reason: trouble, instances: safe + onTheWay + unsafe - stays.unsafe },
  };
}
