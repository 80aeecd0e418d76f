import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { testDatabases } from '../testing/open-database.ts';
import { recordAudit } from './audit.ts';
import { verifyAudit } from './verify-audit.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';

for (const { name, open } of testDatabases('audit')) {
  const test = suite(`audit on ${name}`);

  test('many at once still make one chain, and any change in it is found', async () => {
    const database = await open();
    const { db } = database;
    const { id: siteId } = await db.selectFrom('site').select('id').executeTakeFirstOrThrow();
    const append = (n: number) =>
      db.transaction().execute((trx) =>
        recordAudit(trx, siteId, {
          event: 'study-completed',
          studyId: `s${n}`,
          instances: n,
          uids: ['1.2.3'],
        }),
      );
    await Promise.all(Array.from({ length: 20 }, (_, n) => append(n)));
    const undone = db.transaction().execute(async (trx) => {
      await recordAudit(trx, siteId, { event: 'login', accountId: 'undone' });
      throw new Error('undo');
    });
    await ignoreFailure(undone, 'it is meant to be undone');
    const whole = await verifyAudit(db);
    assert.is(whole.kind, 'whole');
    assert.is(whole.kind === 'whole' && whole.rows, 20);

    for (const change of [
      { event: 'study-closed' },
      { at: new Date(0) },
      { hash: 'f'.repeat(64) },
      { previous_hash: 'e'.repeat(64) },
    ]) {
      const before = await db.selectFrom('audit').selectAll().where('seq', '=', 7).executeTakeFirstOrThrow();
      await db.updateTable('audit').set(change).where('seq', '=', 7).execute();
      assert.equal(
        await verifyAudit(db),
        { kind: 'broken', atSeq: 7, because: 'row' },
        JSON.stringify(change),
      );
      const { event, at, hash, previous_hash } = before;
      await db.updateTable('audit').set({ event, at, hash, previous_hash }).where('seq', '=', 7).execute();
    }
    assert.is((await verifyAudit(db)).kind, 'whole');
    await db.deleteFrom('audit').where('seq', '=', 12).execute();
    assert.equal(await verifyAudit(db), { kind: 'broken', atSeq: 12, because: 'row' });
    await database.close();
  });

  test.run();
}
