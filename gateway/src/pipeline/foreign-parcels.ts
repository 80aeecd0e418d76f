/**
 * The data folder holds parcels that belong to another database: the settings name a folder and a database that do not
 * belong together. The sweep would delete every one of these parcels as abandoned, so the gateway does not start.
 */
import type { Db } from '../database/database.ts';
import type { Blobs } from '../ports/blobs/blobs.ts';

export class ForeignParcels extends Error {
  constructor(parcels: number) {
    super(
      `The gateway’s folder holds ${parcels} ${parcels === 1 ? 'parcel' : 'parcels'}, and its database knows no study: they do not belong together. ` +
        'Nothing was deleted. Set RELAY_DATA_DIR and DATABASE_URL to a pair that does, or move the folder away, and start again.',
    );
    this.name = 'ForeignParcels';
  }
}

/**
 * Rows are made before their parcels, and a study's row stays. So where there are parcels, there must be a study.
 * @throws ForeignParcels
 */
export async function refuseForeignParcels(db: Db, blobs: Pick<Blobs, 'ids'>): Promise<void> {
  const ids = await blobs.ids();
  if (ids.length === 0) return;
  const study = await db.selectFrom('study').select('id').limit(1).executeTakeFirst();
  if (study === undefined) throw new ForeignParcels(ids.length);
}
