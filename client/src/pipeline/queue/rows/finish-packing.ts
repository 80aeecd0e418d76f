/** The end of packing. This is the only place where a study becomes safe on this device. */
import { nextUploadState } from '#shared/protocol/upload-state.ts';
import { contentsOf, dropStudy } from './drop-study.ts';
import { takeFromEarlier, type KeptHeld } from './keep-held.ts';
import type { LocalDatabase, StudyRow } from './local-database.ts';
import { StudyGone } from './name-study.ts';

/** Whether some instances of the study still have to be packed. */
export function isBeingPacked(study: StudyRow | undefined): study is StudyRow {
  return (
    study?.packing === true &&
    study.waiting !== 'interrupted' &&
    study.state !== 'taken-back' &&
    study.state !== 'done'
  );
}

/**
 * Marks the study as safe on this device, because every byte is in this database. Its instances that are held here
 * (`kept`) are no longer counted with earlier entries. False if nothing was left of the study and it was dropped.
 */
export async function finishPacking(
  database: LocalDatabase,
  studyId: string,
  kept: KeptHeld | null = null,
): Promise<boolean> {
  return database.transaction('rw', contentsOf(database), async () => {
    const study = await database.studies.get(studyId);
    if (!isBeingPacked(study)) throw new StudyGone();
    if (study.instances === 0) {
      await dropStudy(database, studyId);
      return false;
    }
    if (kept !== null) await takeFromEarlier(database, kept);
    await database.studies.update(studyId, {
      packing: false,
      state: nextUploadState(study.state, 'packed') ?? study.state,
    });
    return true;
  });
}
