/**
 * Stores the findings of the models on this device with the instances of a queued study, so that the manifest
 * includes them. A study with a score at or above the model's threshold moves ahead of the waiting ones; a
 * lower score moves nothing. Warnings about films that may have to be taken again are stored with the study,
 * because its card is gone by then.
 */
import type { DeviceTriage } from '#shared/protocol/inference.ts';
import { isToRepeat, type FilmFault } from '../film-faults.ts';
import type { LocalDatabase } from './local-database.ts';

/**
 * By the instances' positions. `setAside`: a person has looked at these films and sends them as they are; `blank`:
 * these show nothing, which was measured and of which no model says anything.
 */
export interface Triaged {
  readonly said: ReadonlyMap<number, DeviceTriage>;
  readonly setAside: ReadonlySet<number>;
  readonly blank: ReadonlySet<number>;
}

const NONE: ReadonlySet<number> = new Set();

/**
 * By the instances' positions. Skips instances that are gone, and models that did not run: naming has recorded more
 * about them. Of a covered instance the answer counts on this device alone. An announced study is still reordered, and
 * an arrived one may still have to be taken again.
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
      // A covered image is sent with other pixels: the gateway would compare its own answer with one about another
      // image.
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
