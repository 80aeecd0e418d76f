/**
 * The ladder of the schema. A migration that has left this house is never edited: the next one goes below it.
 */
import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import * as initial from './migrations/0001-initial.ts';
import * as oneActiveDigest from './migrations/0002-one-active-digest.ts';
import * as parcelFailures from './migrations/0003-parcel-failures.ts';
import * as studyFailures from './migrations/0004-study-failures.ts';
import * as sealedParcels from './migrations/0005-sealed-parcels.ts';
import * as deviceRights from './migrations/0006-device-rights.ts';
import * as policies from './migrations/0007-policies.ts';
import * as deidReports from './migrations/0008-deid-reports.ts';
import * as inference from './migrations/0009-inference.ts';
import * as resultUploads from './migrations/0010-result-uploads.ts';
import * as modelUse from './migrations/0011-model-use.ts';

const MIGRATIONS: Record<string, Migration> = {
  '0001-initial': initial,
  '0002-one-active-digest': oneActiveDigest,
  '0003-parcel-failures': parcelFailures,
  '0004-study-failures': studyFailures,
  '0005-sealed-parcels': sealedParcels,
  '0006-device-rights': deviceRights,
  '0007-policies': policies,
  '0008-deid-reports': deidReports,
  '0009-inference': inference,
  '0010-result-uploads': resultUploads,
  '0011-model-use': modelUse,
};

/**
 * Brings the schema up to date; several gateways may start at once (Kysely holds a lock). Throws what the
 * failed migration threw.
 */
export async function migrate(db: Kysely<unknown>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}
