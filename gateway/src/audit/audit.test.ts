import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { testDatabases } from '../testing/open-database.ts';
import { GENESIS, hashOfRow, recordAudit } from './audit.ts';
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
          event: 'study-assembled',
          studyId: `s${n}`,
          instances: n,
          uids: ['1.2.3'],
        }),
      );
    await Promise.all(Array.from({ length: 20 }, (_, n) => append(n)));
    const undone = db.transaction().execute(async (trx) => {
      await recordAudit(trx, siteId, { event: 'login', accountId: 'undone', address: '127.0.0.1' });
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

  test('one transaction may have more events than one statement takes', async () => {
    const database = await open();
    const { id: siteId } = await database.db.selectFrom('site').select('id').executeTakeFirstOrThrow();
    const events = 10_000;
    await database.db.transaction().execute(async (trx) => {
      for (let n = 0; n < events; n += 1)
        await recordAudit(trx, siteId, { event: 'login', accountId: `a${n}`, address: '127.0.0.1' });
    });
    const verdict = await verifyAudit(database.db);
    assert.is(verdict.kind === 'whole' && verdict.rows, events);
    await database.close();
  });

  test('a trail of any length is verified a few hundred rows at a time: others have their turn in between', async () => {
    const database = await open();
    const { id: site_id } = await database.db.selectFrom('site').select('id').executeTakeFirstOrThrow();
    const rows = [];
    let previous_hash = GENESIS;
    for (let seq = 1; seq <= 3_000; seq += 1) {
      const row = { seq, site_id, at: new Date(seq), event: 'login', fields: {}, previous_hash };
      previous_hash = hashOfRow(row);
      rows.push({ ...row, fields: '{}', hash: previous_hash });
    }
    await database.db.insertInto('audit').values(rows).execute();
    const atOnce: number[] = [];
    const counted = database.db.withPlugin({
      transformQuery: ({ node }) => node,
      async transformResult({ result }) {
        atOnce.push(result.rows.length);
        return result;
      },
    });
    const verdict = await verifyAudit(counted);
    assert.is(verdict.kind === 'whole' && verdict.rows, rows.length);
    assert.is(
      atOnce.reduce((sum, count) => sum + count, 0),
      rows.length,
    );
    assert.ok(Math.max(...atOnce) <= 500, `${Math.max(...atOnce)} rows at once`);
    await database.close();
  });

  test.run();
}
