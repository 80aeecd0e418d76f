/** `/admin/storage`: what occupies the disk, and the removal of files that no row names. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Storage } from '#shared/protocol/storage.ts';
import { audited } from '../testing/audited.ts';
import { jsonOf } from '../testing/open-cases.ts';
import { openTestGateway } from '../testing/open-gateway.ts';

const test = suite('storage');

test('tells what occupies the disk, and removes only files that no row names', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'relay-storage-'));
  const gateway = await openTestGateway({ folder });
  const token = (await gateway.signIn()).accessToken;
  const shown = (): Promise<Storage> => jsonOf(gateway, 'GET /admin/storage', { token });
  const { disk, parts, tables, orphans } = await shown();
  assert.ok(disk.freeBytes > 0 && disk.freeBytes <= disk.bytes && !disk.isLow);
  const database = parts.find(({ what }) => what === 'database');
  assert.ok(database !== undefined && database.bytes > 1_000_000 && database.elsewhere);
  assert.ok(
    tables.length > 0 && tables.every(({ bytes }, at) => bytes <= (tables[at - 1]?.bytes ?? Infinity)),
  );
  assert.equal(orphans, { files: 0, bytes: 0 });
  const keysNow = async () => (await readdir(join(folder, 'keys'), { recursive: true })).toSorted();
  const keys = await keysNow();
  const ids: string[] = [randomUUID(), randomUUID()];
  for (const id of ids) await writeFile(join(folder, 'blobs', id), Buffer.alloc(1000));
  assert.is((await shown()).orphans.files, 2);
  const removed = await jsonOf<Storage['orphans']>(gateway, 'DELETE /admin/storage/orphans', { token });
  assert.is(removed.files, 2);
  assert.equal(
    (await readdir(join(folder, 'blobs'))).filter((name) => ids.includes(name)),
    [],
  );
  assert.equal(await keysNow(), keys);
  const [event] = await audited(gateway.database.db, 'orphans-removed');
  assert.is(event!.fields['files'], 2);
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

test.run();
