/**
 * At one site at most one digest of a SOP Instance UID is on the road or in the PACS (PROTOCOL I2). The
 * advisory lock of `lockUids` sees to it that nobody tries; should a path ever forget the lock, the database
 * refuses it instead of one instance overwriting another in the PACS. What was refused, left out or
 * quarantined claims no UID. A database from before holds it already.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create unique index instance_active_uid on instance (site_id, sop_instance_uid)
    where state not in ('refused', 'quarantined', 'left-out')`.execute(db);
}
