/**
 * What the models on this device said of instances of a queued study: kept beside each of them, so that the
 * manifest says it too, and a study of which one reached the model's threshold goes before those that wait.
 * Below it nothing moves from its place. What may have to be taken again stands with the study, for its card
 * is gone by then.
 */
import type { DeviceTriage, FilmFinding } from '#shared/protocol/inference.ts';
import type { LocalDatabase } from './local-database.ts';

/** By the instances' places. `setAside`: a person has looked at these films and sends them as they are. */
export interface Triaged {
  readonly said: ReadonlyMap<number, DeviceTriage>;
  readonly setAside: ReadonlySet<number>;
}

const NOBODY_LOOKED: Triaged['setAside'] = new Set();

/**
 * By the instances' places. What is no longer there is passed over, and so is what did not run: naming has
 * noted more of it. A study that is announced by now is put in order all the same; one that has arrived by
 * now may still have to be taken again.
 */
export async function noteTriage(
  database: LocalDatabase,
  studyId: string,
  said: Triaged['said'],
  setAside = NOBODY_LOOKED,
): Promise<void> {
  await database.transaction('rw', database.studies, database.instances, async () => {
    const scores: number[] = [];
    const film = new Set<FilmFinding>();
    for (const [position, triage] of said) {
      if (triage.runtime === 'none') continue;
      if (!setAside.has(position)) for (const finding of triage.film) film.add(finding);
      const isHere = (await database.instances.update([studyId, position], { triage })) === 1;
      if (isHere && triage.first && triage.score !== null) scores.push(triage.score);
    }
    const study = await database.studies.get(studyId);
    if (study && scores.length > 0)
      await database.studies.update(studyId, { score: Math.max(study.score ?? 0, ...scores) });
    if (study && film.size > 0)
      await database.studies.update(studyId, { film: [...new Set([...(study.film ?? []), ...film])] });
  });
}
