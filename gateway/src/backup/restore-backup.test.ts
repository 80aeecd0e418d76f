/** A backup, and what comes out of it on an empty machine. */
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openDatabase } from '../database/database.ts';
import { createTestDatabase } from '../testing/open-database.ts';
import { backupEntries } from './backup-entries.ts';
import { BackupRefused, sealBackup } from './backup-file.ts';
import { NoRoomForBackup, writeBackup } from './write-backup.ts';
import { isHalfRestored, restoreBackup, RestoreRefused, type RestorePlace } from './restore-backup.ts';

const identity = await generateX25519Identity();

async function emptyPlace(): Promise<RestorePlace & { readonly url: string; end(): void }> {
  const { url, drop } = await createTestDatabase();
  const dataDir = join(await mkdtemp(join(tmpdir(), 'relay-restore-')), 'data');
  return {
    dataDir,
    blobs: join(dataDir, 'blobs'),
    url,
    end: drop,
    requireKnown: () => undefined,
    holdsDatabase: false,
    async withDatabase(_rungs, _mark, fill) {
      await (await openDatabase({ kind: 'server', url })).close();
      return fill({ url, finish: async () => undefined });
    },
  };
}

/** A small gateway's data, and a backup of it. */
async function backedUp(): Promise<{ readonly file: string; readonly account: string }> {
  const place = await emptyPlace();
  const database = await openDatabase({ kind: 'server', url: place.url });
  const { id: site } = await database.db.selectFrom('site').select('id').executeTakeFirstOrThrow();
  const { id: account } = await database.db
    .insertInto('account')
    .values({ site_id: site, username: 'mira', roles: ['technician'], password_hash: 'x' })
    .returning('id')
    .executeTakeFirstOrThrow();
  await mkdir(join(place.dataDir, 'keys', 'studies'), { recursive: true });
  await writeFile(join(place.dataDir, 'keys', 'receipts.pem'), 'a key');
  await writeFile(join(place.dataDir, 'keys', 'studies', '00ff'), 'half a key');
  const file = join(place.dataDir, '..', 'backup.age');
  const entries = backupEntries(place, { version: '0.3.0', now: new Date('2026-12-01T08:00:00Z') });
  await pipeline(await sealBackup(entries, [await identityToRecipient(identity)]), createWriteStream(file));
  await database.close();
  place.end();
  return { file, account };
}

test('rows, keys and files come back on an empty machine, without the keys of studies', async () => {
  const { file, account } = await backedUp();
  const place = await emptyPlace();
  const { tables, ...told } = await restoreBackup(file, identity, place);
  assert.ok(tables > 60);
  assert.equal([told.version, told.madeAt, told.files], ['0.3.0', '2026-12-01T08:00:00.000Z', 1]);
  const database = await openDatabase({ kind: 'server', url: place.url });
  assert.equal(await database.db.selectFrom('account').select(['id', 'username']).execute(), [
    { id: account, username: 'mira' },
  ]);
  await database.close();
  assert.is(await readFile(join(place.dataDir, 'keys', 'receipts.pem'), 'utf8'), 'a key');
  assert.is(await readFile(join(place.dataDir, 'keys', 'studies', '00ff')).catch(() => 'none'), 'none');
  assert.is(await isHalfRestored(place.dataDir), false);
  const again = await restoreBackup(file, identity, place).catch((error: unknown) => error);
  assert.ok(again instanceof RestoreRefused && again.because === 'not-empty', 'it is not empty any more');
  place.end();
});

test('a damaged file, a cut one and another key change nothing', async () => {
  const { file } = await backedUp();
  const place = await emptyPlace();
  const refused = async (key = identity) =>
    restoreBackup(file, key, place).then(
      () => 'restored',
      (error: unknown) => (error instanceof BackupRefused ? error.because : String(error)),
    );
  assert.is(await refused(await generateX25519Identity()), 'wrong-key');
  const bytes = await readFile(file);
  await writeFile(file, bytes.with(bytes.length >> 1, bytes[bytes.length >> 1]! ^ 1));
  assert.is(await refused(), 'damaged');
  await truncate(file, bytes.length >> 1);
  assert.ok(['damaged', 'truncated'].includes(await refused()));
  assert.is(await isHalfRestored(place.dataDir), false);
  place.end();
});

test('another file, too little disk and a data directory that holds something change nothing', async () => {
  const { file } = await backedUp();
  const place = await emptyPlace();
  const because = async (path: string, at: RestorePlace = place) =>
    restoreBackup(path, identity, at).then(
      () => 'restored',
      (error: unknown) =>
        error instanceof BackupRefused || error instanceof RestoreRefused ? error.because : String(error),
    );
  const other = join(place.dataDir, '..', 'other.tar');
  await writeFile(other, 'no backup at all');
  assert.is(await because(other), 'foreign');
  assert.is(await because(file, { ...place, freeBytes: async () => 1000 }), 'too-little-room');
  assert.is(await isHalfRestored(place.dataDir), false);
  await mkdir(place.blobs, { recursive: true });
  await writeFile(join(place.blobs, 'a-parcel'), 'bytes');
  assert.is(await because(file), 'not-empty');
  assert.is(await readFile(join(place.blobs, 'a-parcel'), 'utf8'), 'bytes');
  place.end();
});

test('a restore that was interrupted is repeated, and nothing of the first try stays', async () => {
  const { file, account } = await backedUp();
  const place = await emptyPlace();
  const dies: RestorePlace = {
    ...place,
    withDatabase: (_rungs, _mark, fill) =>
      fill({ url: place.url, finish: () => Promise.reject(new Error('killed')) }),
  };
  await (await openDatabase({ kind: 'server', url: place.url })).close();
  assert.match(String(await restoreBackup(file, identity, dies).catch((error: unknown) => error)), 'killed');
  assert.is(await isHalfRestored(place.dataDir), true);
  await mkdir(join(place.dataDir, 'keys', 'cases'), { recursive: true });
  await writeFile(join(place.dataDir, 'keys', 'cases', '00aa'), 'of another backup');
  await restoreBackup(file, identity, place);
  assert.is(await isHalfRestored(place.dataDir), false);
  assert.is(await readFile(join(place.dataDir, 'keys', 'cases', '00aa')).catch(() => 'none'), 'none');
  const database = await openDatabase({ kind: 'server', url: place.url });
  assert.equal(await database.db.selectFrom('account').select('id').execute(), [{ id: account }]);
  await database.close();
  place.end();
});

test('a backup stops where its disk has too little room, and leaves nothing behind', async () => {
  const place = await emptyPlace();
  await (await openDatabase({ kind: 'server', url: place.url })).close();
  const folder = join(place.dataDir, 'backups');
  const asked = { folder, name: 'relaypacs-now.age', recipients: [await identityToRecipient(identity)] };
  const at = { version: '0.3.0', now: new Date(), freeBytes: async () => 600 * 1024 ** 2 };
  const failed = await writeBackup(place, { ...asked, ...at }).catch((error: unknown) => error);
  assert.ok(failed instanceof NoRoomForBackup, String(failed));
  assert.equal(await readdir(folder), []);
  const written = await writeBackup(place, { ...asked, ...at, freeBytes: async () => 700 * 1024 ** 2 });
  assert.equal([await readdir(folder), written.bytes > 1000], [['relaypacs-now.age'], true]);
  place.end();
});

test.run();
