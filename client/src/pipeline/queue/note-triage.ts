/**
 * What the models on this device said of instances of a queued study: kept beside each of them, so that the manifest says it too, and a
 * study of which one reached the model's threshold goes before those that wait. Below it nothing moves from its place.
 */
import type { DeviceTriage } from '#shared/protocol/inference.ts';
import type { LocalDatabase } from './local-database.ts';

/**
 * By the instances' places. What is no longer there is passed over, and so is what did not run: naming has noted more of it. A study that is
 * announced by now is put in order all the same.
 */
export async function noteTriage(database: LocalDatabase, studyId: string, said: ReadonlyMap<number, DeviceTriage>): Promise<void> {
  await database.transaction('rw', database.studies, database.instances, async () => {
    const scores: number[] = [];
    for (const [position, triage] of said) {
      if (triage.runtime === 'none') continue;
      const isHere = (await database.instances.update([studyId, position], { triage })) === 1;
      if (isHere && triage.first && triage.score !== null) scores.push(triage.score);
    }
    const study = await database.studies.get(studyId);
    if (study && scores.length > 0) await database.studies.update(studyId, { score: Math.max(study.score ?? 0, ...scores) });
  });
}
