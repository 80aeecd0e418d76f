/**
 * The ladder of the schema. Once a version has been released, its migrations are never edited: the next one
 * goes below.
 */
import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import * as initial from './migrations/0001-initial.ts';

const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-initial': initial,
};

/**
 * Brings the schema up to date; several gateways may start at once (Kysely holds a lock). Throws what the
 * failed migration threw.
 */
export async function migrate(db: Kysely<unknown>, migrations = MIGRATIONS): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}
