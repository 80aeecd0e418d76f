/** Deletes studies that were taken back, given up, finished or interrupted from the database. Kept receipts stay. */
import type { LocalDatabase } from './local-database.ts';

/** Deletes the study with everything that belongs to it. */
export async function dropStudy(database: LocalDatabase, studyId: string): Promise<void> {
  // One transaction: a parcel committed at the same time is either written before and deleted too, or finds no study.
  await database.transaction('rw', contentsOf(database), async () => {
    await database.studies.delete(studyId);
    await deleteContents(database, studyId);
  });
}

/** The tables that hold rows of a study. */
export function contentsOf({ studies, instances, parcels, records, withdrawals, reports }: LocalDatabase) {
  return [studies, instances, parcels, records, withdrawals, reports];
}

/** Deletes the parcels, the instances, their reports and the withdrawals of a study; its row stays. */
export async function deleteContents(database: LocalDatabase, studyId: string): Promise<void> {
  await database.transaction('rw', contentsOf(database), async () => {
    await deleteParcels(database, studyId);
    await database.withdrawals.where('studyId').equals(studyId).delete();
    await deleteReports(database, studyId);
    await database.instances.where('studyId').equals(studyId).delete();
  });
}

/** Deletes the reports of a study that will not be announced again. Its receipt records what was done. */
export async function deleteReports(database: LocalDatabase, studyId: string): Promise<void> {
  await database.reports.where('studyId').equals(studyId).delete();
}

/** Deletes the copies: the parcels with their records. `keep`: ids of parcels that stay. */
export async function deleteParcels(
  database: LocalDatabase,
  studyId: string,
  keep: ReadonlySet<string> = new Set(),
): Promise<void> {
  const ids = await database.parcels.where('studyId').equals(studyId).primaryKeys();
  const gone = ids.filter((id) => !keep.has(id));
  for (const id of gone) await deleteRecords(database, id);
  await database.parcels.bulkDelete(gone);
}

async function deleteRecords(database: LocalDatabase, parcelId: string): Promise<void> {
  await database.records.where('parcelId').equals(parcelId).delete();
}

/**
 * Marks a study as `interrupted` if its page was closed during naming or packing. The page's access to the files is
 * gone, so the study cannot be finished and its copies are deleted. Its instances stay named, so that choosing the
 * study again continues with those that have not arrived. A study that is being cancelled stays so until the gateway
 * has confirmed it.
 */
export async function interruptStudy(database: LocalDatabase, studyId: string): Promise<void> {
  await database.transaction('rw', contentsOf(database), async () => {
    const study = await database.studies.get(studyId);
    if (!study?.packing || study.cancelling || study.waiting === 'interrupted') return;
    // A settled instance needs no copy on this device.
    if (study.state === 'taken-back' || study.state === 'done')
      return void (await database.studies.update(studyId, { packing: false }));
    await deleteParcels(database, studyId);
    await database.studies.update(studyId, {
      waiting: 'interrupted',
      state: 'reading',
      turn: study.turn + 1,
      instances: 0,
      bytes: 0,
      packed: 0,
      departed: 0,
      acknowledged: 0,
      counts: null,
    });
  });
}

/**
 * At page start, marks studies that no tab is writing any more as interrupted, and deletes records without a parcel.
 * `isAlive` tells whether another tab is writing a study at the moment.
 */
export async function clearInterrupted(
  database: LocalDatabase,
  isAlive: (studyId: string) => Promise<boolean>,
): Promise<void> {
  let someoneWrites = false;
  for (const study of await database.studies.filter(({ packing }) => packing).toArray()) {
    if (study.waiting === 'interrupted') continue;
    if (await isAlive(study.id)) someoneWrites = true;
    else await interruptStudy(database, study.id);
  }
  if (!someoneWrites) await deleteOrphans(database);
}

/** Deletes the records of a parcel that was given up before it was complete. */
export async function deleteUnlessComplete(database: LocalDatabase, parcelId: string): Promise<void> {
  await database.transaction('rw', database.parcels, database.records, async () => {
    if ((await database.parcels.get(parcelId)) === undefined) await deleteRecords(database, parcelId);
  });
}

async function deleteOrphans(database: LocalDatabase): Promise<void> {
  await database.transaction('rw', database.parcels, database.records, async () => {
    const known = new Set(await database.parcels.toCollection().primaryKeys());
    const named = await database.records.orderBy('parcelId').uniqueKeys();
    for (const parcelId of named)
      if (!known.has(parcelId as string)) await deleteRecords(database, parcelId as string);
  });
}
