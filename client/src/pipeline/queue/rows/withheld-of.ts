/** Instances of a study that this device does not promise, for its manifest: by all entries of the study together. */
import { causesOf, countWithheld, WITHHELD_CAUSES, type Withheld } from '#shared/protocol/withheld.ts';
import { sumOf } from '../count-reasons.ts';
import type { LocalDatabase, StudyRow } from './local-database.ts';

export function withheldIn({ reasons, leftOut, because = {}, damaged = 0 }: StudyRow['held']): Withheld {
  const unexplained = leftOut - damaged - countWithheld(because);
  const counts = { 'left-out': unexplained, ...because, damaged, held: sumOf(reasons) };
  return Object.fromEntries(causesOf(counts));
}

/**
 * An entry that is still being packed takes from earlier ones what was chosen again, but only once it is safe: what it
 * will leave of them counts.
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

/** The study is over, and a person has decided since about what it withholds: the gateway does not know. */
export const isUntold = ({ state, untold, uploadId }: StudyRow): boolean =>
  state === 'done' && untold === true && uploadId !== null;
