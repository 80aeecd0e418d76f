/**
 * Deletes studies from the database that were taken back, given up, finished or interrupted. Kept receipts
 * stay.
 */
import type { LocalDatabase } from './local-database.ts';

/** Deletes the study with everything that belongs to it. */
export async function dropStudy(database: LocalDatabase, studyId: string): Promise<void> {
  // In one transaction: a parcel being committed at the same time either comes first and is deleted too, or
  // comes later and finds no study.
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

/** Deletes the reports of a study that will not be announced again: its receipt records what was done. */
export async function deleteReports(database: LocalDatabase, studyId: string): Promise<void> {
  await database.reports.where('studyId').equals(studyId).delete();
}

/** Deletes the copies: the parcels with their records. `keep`: parcels that stay. */
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
 * A study whose page was closed during naming or packing cannot be finished: the page's access to the files
 * is gone. Its copies are deleted and its row says `interrupted`. Named instances stay named, so that the
 * same study, chosen again, continues with the instances that have not arrived. One that is being cancelled stays so
 * until the gateway has confirmed it.
 */
export async function interruptStudy(database: LocalDatabase, studyId: string): Promise<void> {
  await database.transaction('rw', contentsOf(database), async () => {
    const study = await database.studies.get(studyId);
    if (!study?.packing || study.cancelling || study.waiting === 'interrupted') return;
    // A settled instance needs no copy.
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
 * At page start: marks studies that no tab is writing any more as interrupted, and deletes records without a
 * parcel. `isAlive` recognises a study that another tab is writing at this moment.
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
