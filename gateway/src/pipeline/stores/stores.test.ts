/** The stores on every database that the gateway runs on: bulk changes, locks and counts. */
import { randomBytes, randomUUID } from 'node:crypto';
import { sql, type KyselyPlugin } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { changeInstances } from './change-instances.ts';
import { testDatabases } from '../../testing/open-database.ts';
import type { Database, Db, Trx } from '../../database/database.ts';
import {
  countStates,
  insertInstances,
  activeInstances,
  instancesByKey,
  instancesOf,
  type InstanceChange,
  type NewInstance,
} from './instance.store.ts';
import {
  deleteParcels,
  findDeviceParcel,
  findParcel,
  insertParcel,
  moveParcel,
  reopenParcels,
  unverifiedParcels,
} from './parcel.store.ts';
import { insertReports, reportsOf } from './report.store.ts';
import { applyStudyEvent, createStudy, lockStudy, setStudyKey, setWaiting } from './study.store.ts';
import { missingInstances, uploadStatus } from '../../uploads/upload-status.ts';

const now = new Date('2026-01-01T00:00:00Z');
const hex = (n: number) => n.toString(16).padStart(64, '0');
const instance = (n: number): NewInstance => ({
  sop_instance_uid: `1.2.${n}`,
  sop_class_uid: '1.2',
  series_instance_uid: '1.2',
  transfer_syntax_uid: '1.2',
  digest: hex(n),
  original_digest: null,
  original_key: null,
  report_digest: null,
  bytes: 100 + n,
  state: 'promised',
  reason: null,
});

const change = (db: Db, changes: readonly InstanceChange[], rule: Parameters<typeof changeInstances>[2]) =>
  db.transaction().execute((trx) => changeInstances(trx, changes, rule));

const newStudyOf = (siteId: string, accountId: string, studyInstanceUID: string) => ({
  ...{ id: randomUUID(), siteId, accountId, studyInstanceUID, now },
  ...{ policy: { name: 'identified', version: 1 }, chosen: null },
});

/** Their ids; the first one is primary. */
async function addDestinations(db: Db, site: string): Promise<readonly string[]> {
  const row = (name: string) => ({
    ...{ id: randomUUID(), site_id: site, name, url: `http://${name}.test`, settings: '{}' },
    ...{
      kind: 'dicomweb' as const,
      sealed: null,
      is_primary: name === 'first',
      from_environment: false,
      changed_at: now,
    },
  });
  const rows = [row('first'), row('next')];
  await db.insertInto('destination').values(rows).execute();
  return rows.map(({ id }) => id);
}

async function choosePrimary(db: Db, site: string, id: string | undefined): Promise<void> {
  const own = db.updateTable('destination').where('site_id', '=', site);
  await own.set({ is_primary: false }).execute();
  await own
    .set({ is_primary: true })
    .where('id', '=', id ?? '')
    .execute();
}

for (const { name, open } of testDatabases('stores of the pipeline')) {
  const test = suite(`the stores on ${name}`);
  let database: Database;
  test.before(async () => {
    database = await open();
  });
  test.after(() => database.close());

  async function begin(instances = 3) {
    const { db } = database;
    const site = (await db.insertInto('site').values({ name: 's' }).returning('id').executeTakeFirstOrThrow())
      .id;
    const person = {
      site_id: site,
      username: randomUUID(),
      roles: ['technician' as const],
      password_hash: '',
      disabled_at: null,
    };
    const account = (await db.insertInto('account').values(person).returning('id').executeTakeFirstOrThrow())
      .id;
    const uploadId = randomUUID();
    const study = await db.transaction().execute(async (trx) => {
      const created = await createStudy(trx, newStudyOf(site, account, '1.2.3'));
      const ids = await insertInstances(
        trx,
        created,
        Array.from({ length: instances }, (_, i) => instance(i + 1)),
        now,
      );
      await trx
        .insertInto('upload')
        .values({
          id: uploadId,
          site_id: site,
          study_id: created.id,
          account_id: account,
          device_id: null,
          completed_at: null,
        })
        .execute();
      const links = [...ids.values()].map((instance_id, position) => ({
        upload_id: uploadId,
        position,
        instance_id,
      }));
      for (let at = 0; at < links.length; at += 1000)
        await trx
          .insertInto('upload_instance')
          .values(links.slice(at, at + 1000))
          .execute();
      return created;
    });
    return { db, site, account, uploadId, study };
  }

  test('a study belongs to one upload, and results of the gateway join it', async () => {
    const { db, site, account, study } = await begin();
    const join = (account_id: string | null) =>
      db
        .insertInto('upload')
        .values({
          id: randomUUID(),
          site_id: site,
          study_id: study.id,
          account_id,
          device_id: null,
          completed_at: null,
        })
        .execute()
        .then(
          () => 'joined',
          (error: { code?: string }) => error.code,
        );
    assert.equal([await join(account), await join(null), await join(null)], ['23505', 'joined', '23505']);
  });

  test('two uploads of a study go to one place, though another is primary between them', async () => {
    const { db, site, account } = await begin();
    const [first, next] = await addDestinations(db, site);
    const promised = async (trx: Trx): Promise<string | null> =>
      (await createStudy(trx, newStudyOf(site, account, '1.2.4'))).destination_id;
    await db.transaction().execute(async (trx) => {
      assert.is(await promised(trx), first);
      await choosePrimary(db, site, next);
      const meanwhile = db.transaction().execute(async (other) => {
        await sql`set local lock_timeout = 100`.execute(other);
        return promised(other);
      });
      const refused = (error: { code?: string }) => error.code;
      assert.is(await meanwhile.catch(refused), '55P03', 'it waits until the first is promised');
    });
    assert.is(await db.transaction().execute(promised), first);
  });

  test('twenty thousand instances are promised, changed and counted', async () => {
    const { db, study, uploadId } = await begin(20_000);
    const rows = await instancesOf(db, study.id, ['promised']);
    assert.is(rows.length, 20_000);
    assert.equal([typeof rows[0]!.id, typeof rows[0]!.bytes], ['number', 'number']);
    let statements = 0;
    const counted: KyselyPlugin = {
      transformQuery({ node }) {
        statements += 1;
        return node;
      },
      transformResult: async ({ result }) => result,
    };
    const changed = await db.transaction().execute((trx) =>
      changeInstances(
        trx.withPlugin(counted),
        rows.map(({ id }) => ({ id, state: 'posted' })),
        { from: ['promised'], now },
      ),
    );
    assert.is(changed.size, 20_000);
    assert.is(statements, 20, 'the JSON of a thousand is made in one turn of the event loop');
    assert.equal([...(await countStates(db, study.id))], [['posted', 20_000]]);
    assert.is((await uploadStatus(db, uploadId, false))?.counts.atGateway, 20_000);
    assert.is((await activeInstances(db, study.id, ['1.2.1', '1.2.20000', '9.9'])).length, 2);
  });

  test('a change keeps values that it does not name, and skips instances that are no longer in the expected state', async () => {
    const { db, study, uploadId } = await begin();
    const [one, two] = (await instancesOf(db, study.id)) as unknown as [{ id: number }, { id: number }];
    await insertParcel(db, {
      id: 'place',
      site_id: study.site_id,
      upload_id: uploadId,
      study_id: study.id,
      device_parcel_id: 'd',
      bytes: 10,
      expires_at: now,
    });
    await change(db, [{ id: one.id, state: 'received', place: { parcelId: 'place', offset: 7 } }], {
      from: ['promised'],
      now,
    });
    await change(
      db,
      [
        { id: one.id, state: 'posting', postedAt: now, losses: 2 },
        { id: two.id, state: 'posting' },
      ],
      { from: ['received'], now },
    );
    const rows = await instancesOf(db, study.id);
    assert.equal(
      [rows[0]!.state, rows[0]!.parcel_id, rows[0]!.body_offset, rows[0]!.losses, rows[0]!.posted_at],
      ['posting', 'place', 7, 2, now],
    );
    assert.is(rows[1]!.state, 'promised');
    await change(
      db,
      [{ id: one.id, state: 'promised', place: null, postedAt: null, reason: 'digest-mismatch' }],
      { from: ['posting'], now },
    );
    const [changed] = await instancesByKey(db, study.id, [
      { sopInstanceUID: '1.2.1', digest: hex(1) },
      { sopInstanceUID: '1.2.2', digest: hex(9) },
    ]);
    assert.equal([changed!.parcel_id, changed!.posted_at, changed!.reason], [null, null, 'digest-mismatch']);
  });

  test('I2: the database itself holds one active digest of a UID in an upload; refused, left-out and quarantined instances claim none', async () => {
    const { db, study } = await begin(1);
    const rival = (state: NewInstance['state'], nr: number) =>
      db
        .transaction()
        .execute((trx) =>
          insertInstances(trx, study, [{ ...instance(nr), sop_instance_uid: '1.2.1', state }], now),
        )
        .then(
          () => 'taken',
          (error: { code?: string }) => error.code,
        );
    assert.is(await rival('promised', 91), '23505');
    assert.equal(
      await Promise.all(
        (['refused', 'quarantined', 'left-out'] as const).map((state, nr) => rival(state, 92 + nr)),
      ),
      ['taken', 'taken', 'taken'],
    );
    const [first, refused] = await instancesOf(db, study.id);
    const back = () =>
      change(db, [{ id: refused!.id, state: 'promised' }], {
        from: ['refused', 'quarantined', 'left-out'],
        now,
      });
    assert.is(
      await back().then(
        () => 'taken',
        (error: { code?: string }) => error.code,
      ),
      '23505',
    );
    await change(db, [{ id: first!.id, state: 'left-out' }], { from: ['promised'], now });
    assert.is((await back()).size, 1, 'the UID is free again');
    assert.is((await begin(1)).study.site_id === study.site_id, false, 'and another site has its own');
  });

  test('an event that means nothing changes nothing; after a receipt a late instance raises the revision', async () => {
    const { db, study, uploadId } = await begin();
    await db.transaction().execute(async (trx) => {
      const locked = (await lockStudy(trx, study.id))!;
      assert.is(await applyStudyEvent(trx, locked, 'receipt-issued', now), null);
      const late = await applyStudyEvent(trx, locked, 'late-instance', now);
      assert.is(late?.revision, 1, 'before a receipt it stays');
      await trx
        .insertInto('receipt')
        .values({
          id: randomUUID(),
          site_id: study.site_id,
          study_id: study.id,
          upload_id: uploadId,
          revision: 1,
          jws: 'x',
          issued_at: now,
        })
        .execute();
      assert.is((await applyStudyEvent(trx, locked, 'late-instance', now))?.revision, 2);
    });
  });

  test('a study keeps the start of its wait over every retry, whatever the reason of each', async () => {
    const { db, study } = await begin();
    const since = async () =>
      (await db.selectFrom('study').select('waiting_since').where('id', '=', study.id).executeTakeFirst())
        ?.waiting_since;
    assert.is(await setWaiting(db, study.id, 'pacs-unreachable', now), true);
    assert.is(await setWaiting(db, study.id, 'pacs-unreachable', new Date()), false);
    assert.equal(await since(), now);
    assert.is(await setWaiting(db, study.id, 'pacs-fails-on-some', new Date()), true);
    assert.equal(await since(), now);
    const later = new Date();
    await setWaiting(db, study.id, null, later);
    await setWaiting(db, study.id, 'pacs-unreachable', later);
    assert.equal(await since(), later, 'another wait');
  });

  test('a parcel is registered once for a device, moves once, and leaves its instances without a place', async () => {
    const { db, study, uploadId } = await begin();
    const parcel = {
      id: randomUUID(),
      site_id: study.site_id,
      upload_id: uploadId,
      study_id: study.id,
      device_parcel_id: 'mine',
      bytes: 5_000_000_000,
      expires_at: now,
    };
    assert.equal(
      [await insertParcel(db, parcel), await insertParcel(db, { ...parcel, id: randomUUID() })],
      [true, false],
    );
    const key = randomBytes(40);
    await db.transaction().execute((trx) => setStudyKey(trx, study.id, key));
    const found = (await findDeviceParcel(db, uploadId, 'mine'))!;
    assert.equal(
      [found.id, found.bytes, Buffer.from(found.wrapped_key!).equals(key)],
      [parcel.id, 5_000_000_000, true],
    );
    assert.equal(
      [
        await moveParcel(db, parcel.id, { from: 'receiving', to: 'received' }),
        await moveParcel(db, parcel.id, { from: 'receiving', to: 'received' }),
      ],
      [true, false],
    );
    assert.equal(await unverifiedParcels(db, { uploadId }), [parcel.id]);
    await moveParcel(db, parcel.id, { from: 'received', to: 'verified' });
    await reopenParcels(db, study.id);
    assert.is((await findParcel(db, parcel.id))?.damaged, 1);
    const [row] = await instancesOf(db, study.id);
    await change(db, [{ id: row!.id, state: 'received', place: { parcelId: parcel.id, offset: 1 } }], {
      from: ['promised'],
      now,
    });
    await db.transaction().execute((trx) => deleteParcels(trx, [parcel.id]));
    assert.is((await instancesOf(db, study.id))[0]!.parcel_id, null);
    assert.is((await missingInstances(db, uploadId)).length, 2);
  });
  test('a report is kept once a study, with its list or without, and goes with the study', async () => {
    const { db, study } = await begin(0);
    const terms = { edition: 'DICOM 2024e', options: ['retain-uids' as const] };
    const reports = [
      { ...terms, digest: hex(1), actions: ['0008,0020 Z profile'] },
      { ...terms, digest: hex(2), actions: null },
    ] as const;
    await db.transaction().execute((trx) => insertReports(trx, study.id, [...reports, reports[0]]));
    await db.transaction().execute((trx) => insertReports(trx, study.id, [{ ...reports[0], actions: null }]));
    assert.equal(
      [...(await reportsOf(db, study.id))].sort(),
      reports.map((report) => [report.digest, report]),
    );
    await db.deleteFrom('upload').where('study_id', '=', study.id).execute();
    await db.deleteFrom('study').where('id', '=', study.id).execute();
    assert.is((await reportsOf(db, study.id)).size, 0);
  });

  test.run();
}
