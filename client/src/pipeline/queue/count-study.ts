/**
 * Counts the chosen instances of a study: each is in exactly one place, and the places add up to all that were
 * chosen. One of which the PACS keeps another form needs a person; once it was left out, it counts as being there.
 * Another image under the same UID is never this one. Every number on
 * every screen comes from here. The device counts the instances that left and those that the gateway acknowledged; the
 * gateway reports, a parcel later, those it verified and their outcome. Pure.
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

/** Some of it has not arrived at the gateway, or it is in trouble here: it can be paused and cancelled. */
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

/** The instances about which nobody has to decide anything, and nobody has. */
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
  // The gateway counts earlier sends of the study with this one: those may be the ones that are there.
  const others = Math.max(0, counts.promised - row.instances);
  const inPacs = Math.min(Math.max(counts.inPacs - others, versions), rest);
  // Instances that it holds for a person are there until the receipt names them with their reasons.
  const unsaid = Math.max(0, counts.refused + counts.quarantined + counts.leftOut - decided);
  const told = counts.atGateway + unsaid - Math.max(0, others - counts.inPacs);
  const there = Math.max(told, row.acknowledged - decided - inPacs);
  const atGateway = Math.min(Math.max(0, there), rest - inPacs);
  const departed = Math.max(0, Math.min(row.departed, row.instances) - decided);
  const onTheWay = Math.max(0, Math.min(departed, rest) - inPacs - atGateway);
  const here = rest - inPacs - atGateway - onTheWay;
  // Nothing records how many of the instances that left were packed before. Calling too few safe is better
  // than one too many.
  const safe = row.packing ? Math.max(0, Math.min(here, row.packed - row.departed)) : here;
  return { ...NOWHERE, unsafe: here - safe + unnamed, safe, onTheWay, atGateway, inPacs };
}

/**
 * A problem of the whole study: the instances that it stops are no longer in their places. A copy that cannot
 * be read stops those that have not arrived; a refusal all that are not in the PACS; and without a valid
 * receipt nothing counts as being there.
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
