/**
 * The instances of a study that this device does not promise, for its manifest. All entries of the study are added
 * up.
 */
import { causesOf, countWithheld, WITHHELD_CAUSES, type Withheld } from '#shared/protocol/withheld.ts';
import { sumOf } from '../count-reasons.ts';
import type { LocalDatabase, StudyRow } from './local-database.ts';

export function withheldIn({ reasons, leftOut, because = {}, damaged = 0 }: StudyRow['held']): Withheld {
  const unexplained = leftOut - damaged - countWithheld(because);
  const counts = { 'left-out': unexplained, ...because, damaged, held: sumOf(reasons) };
  return Object.fromEntries(causesOf(counts));
}

/**
 * An entry that is being packed takes instances that were chosen again from earlier entries, but only once it is
 * safe. So what it will leave in those entries is counted.
 */
export async function withheldOf(database: LocalDatabase, study: StudyRow): Promise<Withheld> {
  const rows = await database.studies
    .filter(
      ({ studyInstanceUID, account, state }) =>
        studyInstanceUID === study.studyInstanceUID && account === study.account && state !== 'taken-back',
    )
    .toArray();
  const leaves = new Map(study.packing ? study.leaves?.map(({ id, withheld }) => [id, withheld]) : []);
  const all = rows.map(({ id, held }) => leaves.get(id) ?? withheldIn(held));
  const sum = (cause: keyof Withheld) => all.reduce((total, each) => total + (each[cause] ?? 0), 0);
  return Object.fromEntries(
    causesOf(Object.fromEntries(WITHHELD_CAUSES.map((cause) => [cause, sum(cause)]))),
  );
}

/** Whether the study has ended and a person has since decided about what it withholds, without the gateway knowing. */
export const isUntold = ({ state, untold, uploadId }: StudyRow): boolean =>
  state === 'done' && untold === true && uploadId !== null;
