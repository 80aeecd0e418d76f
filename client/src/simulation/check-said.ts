/**
 * The screens on the simulated device: the places of each study add up to what was chosen, no instance stands in two,
 * and each sentence agrees with the counts of the tracks beneath it. Pure.
 */
import * as assert from 'uvu/assert';
import { standingOf } from '../app/may-close.ts';
import { sumOf } from '../pipeline/queue/count-reasons.ts';
import { createRate } from '../pipeline/queue/rate.ts';
import type { StudyRow } from '../pipeline/queue/rows/local-database.ts';
import { countSafe, countUnsafe, showStudy, travels } from '../pipeline/queue/show-study.ts';
import { trackOf } from '../pipeline/queue/track-of.ts';
import { hasArrived, placesOf, type Place } from '../pipeline/queue/track-state.ts';
import { createEntries } from '../studies/day-entry.ts';
import { whereOf } from '../studies/where-of.ts';

const NOW = new Date(1);
const SHOWN = { title: null, label: null, heldStudy: null, rate: createRate(), at: 1 };
const sumWith = <T>(all: readonly T[], count: (one: T) => number): number =>
  all.reduce((sum, one) => sum + count(one), 0);

export function checkSaid(rows: readonly StudyRow[]): void {
  const studies = rows.map((row) => showStudy(row, SHOWN));
  for (const study of studies) {
    const track = trackOf(study, 'online');
    const places = new Map(placesOf(track).map(({ place, count }): [Place, number] => [place, count]));
    const said = JSON.stringify({ places: [...places], study });
    assert.is(
      sumWith([...places.values()], (count) => count),
      study.instances,
      `each instance that was chosen is drawn once: ${said}`,
    );
    assert.is(
      sumOf(study.needs),
      places.get('needs-you') ?? 0,
      `the causes are those of the red place: ${said}`,
    );
    assert.is(track.isBeingRead ? places.get('device')! > 0 : true, true, said);
  }
  checkStatus(rows);
  for (const { study, track, ...entry } of createEntries()(
    { studies, sent: [], link: 'online', device: null },
    NOW,
  )) {
    const where = whereOf({ study, track, ...entry });
    if (where.look === 'good')
      assert.is(track.inPacs, track.total, `the tick says all: ${JSON.stringify(study)}`);
    if (where.look === 'stop') assert.ok(track.needsYou > 0, 'red says that somebody has to decide');
    if (track.needsYou > 0) assert.is(where.look, 'stop', 'and says so of each');
    if (where.look === 'moving') assert.ok(!hasArrived(track), 'an arrived study moves no more');
  }
}

/** The status line speaks of every instance that is on this device, and of no other. */
function checkStatus(rows: readonly StudyRow[]): void {
  const counts = {
    unsafe: sumWith(rows, countUnsafe),
    safe: sumWith(rows, countSafe),
    travelling: sumWith(rows.filter(travels), countSafe),
    undecided: sumWith(rows, (row) => showStudy(row, SHOWN).track.needsYou),
    cancelling: rows.filter((row) => showStudy(row, SHOWN).cancelling).length,
  };
  const { kind } = standingOf({
    ...counts,
    ...{ isRead: true, phase: 'idle', chosen: 0, inPacs: 0, canSend: false, isOnUpload: false, notSent: 0 },
    ...{ unsent: { refused: [], refusedVerdicts: 0, verdicts: 0, waiting: [] }, othersUnsent: 0 },
    ...{ othersUndecided: 0, goesOnAlone: true },
  });
  const here = sumWith(rows, (row) => {
    const { onDevice, onItsWay, needsYou } = trackOf(showStudy(row, SHOWN), 'online');
    return onDevice + onItsWay + needsYou;
  });
  assert.is(
    kind === 'empty',
    here === 0,
    `"Nothing is waiting" and the tracks agree: ${JSON.stringify({ counts, here })}`,
  );
  if (kind === 'may-close')
    assert.is(counts.unsafe, 0, 'a page that makes something safe is not to be closed');
}
