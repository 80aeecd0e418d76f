/**
 * A power cut, on a disk that keeps what was synced and, of the rest, whatever it likes. Slow, for a database
 * is opened after each cut.
 */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { PGlite } from '@electric-sql/pglite';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { seededRandom } from '#testing/synthetic-study.ts';
import { type Disk, DurableFiles } from './durable-files.ts';
import { embeddedFiles } from './embedded-files.ts';
import { keepUp } from './embedded-upkeep.ts';

const test = suite('the embedded database’s files');
let folder: string;
test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relay-durable-'));
  await embeddedFiles(folder);
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** A fresh database, copied: making one takes seconds. */
function freshFiles(name: string): string {
  cpSync(join(folder, 'files'), join(folder, name), { recursive: true });
  return join(folder, name);
}

/** Few buffers, so that pages are written in the middle of everything. */
const SETTINGS = ['-c', 'fsync=on', '-c', 'wal_sync_method=fsync', '-c', 'shared_buffers=256kB'];
const open = (path: string, disk?: Disk) => {
  const files = new DurableFiles(path, disk);
  const startParams = [...PGlite.defaultStartParams.filter((setting) => setting !== '-F'), ...SETTINGS];
  return PGlite.create({ fs: files, startParams }).then((pglite) => ({ pglite, files }));
};

/** A disk that remembers of each file (it keeps its number when it is renamed) what was last synced. */
function createForgetfulDisk(path: string) {
  const kept = new Map<number, Buffer>();
  const everything = () => readdirSync(path, { recursive: true, withFileTypes: true });
  const files = () =>
    everything()
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  for (const file of files()) kept.set(statSync(file).ino, readFileSync(file));
  const disk: Disk = {
    syncNow(file) {
      if (statSync(file).isFile()) kept.set(statSync(file).ino, readFileSync(file));
    },
    async sync(file) {
      // What was written when it was asked for; and it takes its time.
      const [{ ino }, bytes] = [statSync(file), readFileSync(file)];
      await after(3);
      kept.set(ino, bytes);
    },
  };
  /**
   * What is found after the power came back: of the log what was synced, of every other file that or what was
   * written since.
   */
  function cut(to: string, random: () => number): void {
    for (const entry of everything().filter((one) => one.isDirectory()))
      mkdirSync(join(to, entry.parentPath.slice(path.length), entry.name), { recursive: true });
    for (const file of files()) {
      const mayBeNewer = !file.includes('/pg_wal/') && random() < 0.5;
      const synced = kept.get(statSync(file).ino);
      if (mayBeNewer || synced !== undefined)
        writeFileSync(join(to, file.slice(path.length)), mayBeNewer ? readFileSync(file) : synced!);
    }
  }
  return { disk, cut };
}

test('after a power cut at any moment everything that was answered for is there, whole, and nothing that never was', async () => {
  const path = freshFiles('cut');
  const { disk, cut } = createForgetfulDisk(path);
  const { pglite, files } = await open(path, disk);
  await pglite.exec('create table pair (n int, half int, filling text, primary key (n, half))');
  await files.flushed();
  const random = seededRandom(3);
  let promised = 0;
  const write = async (n: number): Promise<void> => {
    await pglite.transaction(async (trx) => {
      for (const half of [1, 2])
        await trx.query('insert into pair values ($1, $2, $3)', [n, half, String(n).repeat(300)]);
      if (n > 40) await trx.query('delete from pair where n = $1', [n - 40]);
    });
    await files.flushed();
    promised = Math.max(promised, n);
  };
  for (let round = 1, n = 0; round <= 2; round += 1) {
    const writing: Promise<void>[] = [];
    for (const end = n + 60; n < end; ) writing.push(write((n += 1)));
    while (promised < n - 60 + Math.floor(random() * 60)) await after(1);
    const found = join(folder, `found-${round}`);
    cut(found, random);
    const least = promised;
    await Promise.all(writing);
    const again = await open(found);
    const { rows } = await again.pglite.query<{ first: number; last: number; count: number }>(
      'select min(n) as first, max(n) as last, count(*)::int as count from pair',
    );
    const [{ first, last, count } = { first: 0, last: 0, count: 0 }] = rows;
    assert.ok(last >= least, `${last} of ${least}`);
    assert.equal([first, count], [Math.max(1, last - 39), 2 * Math.min(40, last)]);
    const { rows: indexed } = await again.pglite
      .query<{ count: number }>(`set enable_seqscan = off`)
      .then(() =>
        again.pglite.query<{ count: number }>(
          'select count(*)::int as count from pair where n > 0 and filling = repeat(n::text, 300)',
        ),
      );
    assert.is(indexed[0]?.count, count, 'the index and the rows agree');
    await again.pglite.close();
    rmSync(found, { recursive: true });
  }
  await pglite.close();
});

test('no page reaches the disk before the log that explains it, however long the log takes', async () => {
  const synced: string[] = [];
  const waiting: (() => void)[] = [];
  const disk: Disk = {
    syncNow: (path) => void synced.push(path),
    sync: () => new Promise((resolve) => waiting.push(resolve)),
  };
  const { pglite, files } = await open(freshFiles('log-first'), disk);
  await pglite.exec('create table t (n int)');
  await pglite.exec('checkpoint');
  await pglite.exec('insert into t values (1)');
  const flushed = files.flushed();
  synced.length = 0;
  await pglite.exec('checkpoint');
  const [log, pages] = ['/pg_wal/0', '/base/'].map((part) => synced.findIndex((path) => path.includes(part)));
  assert.ok(log! >= 0 && log! < pages!, synced.join('\n'));
  for (const resolve of waiting) resolve();
  await flushed;
  await pglite.close();
});

test('a disk that fails to keep a commit is believed nothing any more', async () => {
  let isBroken = false;
  const disk: Disk = {
    syncNow: () => undefined,
    sync: async () => (isBroken ? Promise.reject(new Error('EIO')) : undefined),
  };
  const { pglite, files } = await open(freshFiles('broken'), disk);
  await pglite.exec('create table t (n int)');
  await files.flushed();
  isBroken = true;
  await pglite.exec('insert into t values (1)');
  assert.is(
    await files.flushed().then(
      () => 'kept',
      () => 'failed',
    ),
    'failed',
  );
  isBroken = false;
  assert.is(
    await files.flushed().then(
      () => 'kept',
      () => 'failed',
    ),
    'failed',
  );
  await pglite.close();
});

test('its log is cut short and its dead rows are gone as it goes on, without a restart', async () => {
  const path = freshFiles('upkeep');
  const { pglite } = await open(path);
  await pglite.exec('create table t (n int primary key, filling text)');
  assert.is(await keepUp(pglite), 'not yet');
  const tableBytes = async () =>
    (await pglite.query<{ bytes: number }>(`select pg_relation_size('t')::int as bytes`)).rows[0]!.bytes;
  const round = async (): Promise<void> => {
    await pglite.exec(
      'delete from t; insert into t select n, repeat(md5(n::text), 50) from generate_series(1, 4000) n',
    );
    assert.is(await keepUp(pglite, 1024), 'done');
  };
  for (let rounds = 0; rounds < 3; rounds += 1) await round();
  const [bytes, segments] = [await tableBytes(), readdirSync(join(path, 'pg_wal')).length];
  for (let rounds = 0; rounds < 6; rounds += 1) await round();
  assert.ok((await tableBytes()) <= bytes * 1.2, 'the room of dead rows is used again');
  assert.ok(readdirSync(join(path, 'pg_wal')).length <= segments + 1);
  await pglite.close();
});

test.run();
