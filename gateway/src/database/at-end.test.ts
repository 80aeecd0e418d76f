import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sql } from 'kysely';
import { recordAudit } from '../audit/audit.ts';
import { verifyAudit } from '../audit/verify-audit.ts';
import { openTestDatabase } from '../testing/open-database.ts';
import { until } from '#testing/gateway-under-test.ts';

test('two steps that lock a study before and after their events do not wait for each other', async () => {
  const { db, close } = await openTestDatabase();
  const { id: siteId } = await db.selectFrom('site').select('id').executeTakeFirstOrThrow();
  const lockStudy = (trx: typeof db) => sql`select pg_advisory_xact_lock(1)`.execute(trx);
  const event = { event: 'login', accountId: 'a', address: '127.0.0.1' } as const;
  const isWaiting = async () => {
    const { rows } = await sql`select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
    return rows.length > 0;
  };
  const hasStudy = Promise.withResolvers<void>();
  const otherWaits = Promise.withResolvers<void>();
  const before = db.transaction().execute(async (trx) => {
    await lockStudy(trx);
    hasStudy.resolve();
    await otherWaits.promise;
    await recordAudit(trx, siteId, event);
  });
  const after = db.transaction().execute(async (trx) => {
    await hasStudy.promise;
    await recordAudit(trx, siteId, event);
    await lockStudy(trx);
    await recordAudit(trx, siteId, event);
  });
  await until('the second step to wait for the first', isWaiting);
  otherWaits.resolve();
  assert.equal(await Promise.all([before, after]), [undefined, undefined]);
  const verdict = await verifyAudit(db);
  assert.is(verdict.kind === 'whole' && verdict.rows, 3);
  await close();
});

test.run();
