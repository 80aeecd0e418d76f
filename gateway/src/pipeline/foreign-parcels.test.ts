import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultSiteId } from '../database/default-site.ts';
import type { Database } from '../database/database.ts';
import { openFileBlobs } from '../ports/blobs/file-blobs.ts';
import { openTestDatabase } from '../testing/open-database.ts';
import { openTestGateway } from '../testing/open-gateway.ts';
import { ForeignParcels, refuseForeignParcels } from './foreign-parcels.ts';

const test = suite('parcels of another database');
let folder: string;
let database: Database;
test.before.each(async () => {
  folder = await mkdtemp(join(tmpdir(), 'relay-foreign-'));
  database = await openTestDatabase();
});
test.after.each(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});

const openBlobs = () => openFileBlobs(join(folder, 'blobs'));

test('keep the gateway from starting, and none is deleted', async () => {
  await (await openBlobs()).create('a-parcel');
  const error = await openTestGateway({
    env: { RELAY_DATA_DIR: folder },
    open: async () => ({ ...database, close: async () => undefined }),
  }).then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.instance(error, ForeignParcels);
  assert.match((error as Error).message, /holds 1 parcel, .* Nothing was deleted\. Set RELAY_DATA_DIR/);
  assert.equal(await readdir(join(folder, 'blobs')), ['a-parcel']);
});

test('are none in an empty folder, nor where the database knows a study', async () => {
  const blobs = await openBlobs();
  const isRefused = () =>
    refuseForeignParcels(database.db, blobs).then(
      () => false,
      (error: unknown) => error instanceof ForeignParcels,
    );
  assert.is(await isRefused(), false, 'no parcel');
  await blobs.create('a-parcel');
  assert.is(await isRefused(), true, 'a parcel and no study');
  await database.db
    .insertInto('study')
    .values({
      site_id: await defaultSiteId(database.db),
      study_instance_uid: '2.25.1',
      state: 'receiving',
      revision: 1,
      policy_name: 'deidentified',
      policy_version: 1,
      updated_at: new Date(),
    } as never)
    .execute();
  assert.is(await isRefused(), false, 'a parcel and a study');
});

test.run();
