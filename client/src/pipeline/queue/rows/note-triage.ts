/**
 * Stores the findings of the models on this device with the instances of a queued study, so that the manifest
 * includes them. A score at or above the model's threshold moves the study ahead of the waiting ones; a lower score
 * changes nothing. Warnings about films that may have to be repeated are stored with the study, because its card is
 * gone by then.
 */
import type { DeviceTriage } from '#shared/protocol/inference.ts';
import { isToRepeat, type FilmFault } from '../film-faults.ts';
import type { LocalDatabase } from './local-database.ts';

/**
 * All three are keyed by the position of the instance. `setAside`: films that a person has looked at and sends as
 * they are; `blank`: films that show nothing, which is measured and not a model's finding.
 */
export interface Triaged {
  readonly said: ReadonlyMap<number, DeviceTriage>;
  readonly setAside: ReadonlySet<number>;
  readonly blank: ReadonlySet<number>;
}

const NONE: ReadonlySet<number> = new Set();

/**
 * Stores findings by the positions of the instances. Instances that are gone are skipped, and so are models that did
 * not run, because naming has recorded more about them. A finding about a covered instance is used on this device
 * only. An announced study can still be reordered, and an arrived film may still have to be repeated.
 */
export async function noteTriage(
  database: LocalDatabase,
  studyId: string,
  { said, setAside = NONE, blank = NONE }: Pick<Triaged, 'said'> & Partial<Triaged>,
): Promise<void> {
  await database.transaction('rw', database.studies, database.instances, async () => {
    const scores: number[] = [];
    const film = new Set<FilmFault>(blank.size > 0 ? ['blank'] : []);
    for (const [position, triage] of said) {
      if (triage.runtime === 'none') continue;
      if (!setAside.has(position))
        for (const finding of triage.film) if (isToRepeat(finding)) film.add(finding);
      const row = await database.instances.get([studyId, position]);
      // A covered image is sent with other pixels, so the gateway would compare its own finding with one about a
      // different image.
      if (row && !row.isCovered) await database.instances.update([studyId, position], { triage });
      if (row && triage.first && triage.score !== null) scores.push(triage.score);
    }
    const study = await database.studies.get(studyId);
    if (study && scores.length > 0)
      await database.studies.update(studyId, { score: Math.max(study.score ?? 0, ...scores) });
    if (study && film.size > 0)
      await database.studies.update(studyId, { film: [...new Set([...(study.film ?? []), ...film])] });
  });
}
