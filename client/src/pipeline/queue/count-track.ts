/**
 * Counts the instances of a queued study at each of the four places. The device counts the instances that
 * left and those that the gateway acknowledged; the gateway reports, a parcel later, those it verified and
 * their outcome. Pure.
 */
import type { StudyRow } from './rows/local-database.ts';
import type { Track } from './queued-study.ts';

export function countTrack(
  row: Pick<StudyRow, 'instances' | 'departed' | 'acknowledged' | 'counts' | 'state' | 'packing' | 'packed'>,
): Track {
  const counts = row.counts ?? { atGateway: 0, inPacs: 0, refused: 0, quarantined: 0, leftOut: 0 };
  // The gateway counts the study across all devices; cap its count at the number queued here.
  const elsewhere = Math.min(row.instances, counts.refused + counts.quarantined + counts.leftOut);
  const inPacs =
    row.state === 'done'
      ? row.instances - Math.min(row.instances, counts.refused + counts.leftOut)
      : Math.min(counts.inPacs, row.instances - elsewhere);
  const settled = Math.min(row.instances, inPacs + elsewhere);
  const there = Math.max(counts.atGateway, row.acknowledged - settled);
  const atGateway = row.state === 'done' ? 0 : Math.min(there, row.instances - settled);
  const arrived = settled + atGateway;
  const onTheWay = Math.max(0, Math.min(row.departed, row.instances) - arrived);
  const here = row.instances - arrived - onTheWay;
  // Nothing records how many of the instances that left were packed before. Calling too few safe is better
  // than one too many.
  const safe = row.packing ? Math.max(0, Math.min(here, row.packed - row.departed)) : here;
  return { unsafe: here - safe, safe, onTheWay, atGateway, inPacs };
}
