/**
 * Power cuts of the embedded database under load, on a disk that forgets what was not synced
 * (forgetful-disk.c). After each cut every file is put together in sectors: each as it was last synced, or as
 * it was written since, by chance. Names of files survive, as journalling file systems keep them.
 */
import { execFile } from 'node:child_process';
import { chmod, chown, cp, mkdir, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { type Account, openPlace } from '../database/embedded/account.ts';
import { type Cluster, openCluster } from '../database/embedded/cluster.ts';
import { SERVER_SETTINGS } from '../database/embedded/embedded-postgres.ts';
import { endLeftover } from '../database/embedded/leftover.ts';
import { findProgram, type Program } from '../database/embedded/program.ts';
import { type RunningServer, startServer } from '../database/embedded/server.ts';

const SOURCE = fileURLToPath(new URL('./forgetful-disk.c', import.meta.url));
const COMPILERS = ['gcc', 'cc'];
/** The unit that a disk writes whole. PostgreSQL relies on no more (full_page_writes, CRCs in its log). */
const SECTOR_BYTES = 512;
/** Few buffers and frequent checkpoints, so that pages are written in the middle of everything. */
const RESTLESS = [
  'shared_buffers=512kB',
  'checkpoint_timeout=30s',
  'max_wal_size=32MB',
  'bgwriter_delay=10ms',
];
const WRITERS = 8;

type Disk = {
  readonly folder: string;
  readonly library: string;
  /** Synced contents by inode. */
  readonly kept: string;
  readonly account: Account;
  readonly program: Program;
  readonly cluster: Cluster;
  readonly settings: readonly string[];
};

/** `promised`: transactions that the database said were committed. */
export type CutOutcome = { readonly promised: number; readonly faults: readonly string[] };

/** Null where there is no compiler, or no LD_PRELOAD. */
export async function compileForgetfulDisk(folder: string): Promise<string | null> {
  if (process.platform !== 'linux') return null;
  const library = join(folder, 'forgetful-disk.so');
  for (const compiler of COMPILERS) {
    const compiled = await ignoreFailure(
      promisify(execFile)(compiler, ['-shared', '-fPIC', '-O2', '-o', library, SOURCE]),
      'there may be another compiler',
    );
    if (compiled !== undefined) return library;
  }
  return null;
}

/** `settings`: on top of the product's. */
export async function openForgetfulDisk(
  folder: string,
  library: string,
  settings: readonly string[] = [],
): Promise<Disk> {
  const place = join(folder, 'database');
  await mkdir(place, { recursive: true });
  const opened = await openPlace(place);
  const { account } = opened;
  const program = await findProgram(account);
  const cluster = await openCluster(opened);
  await chmod(folder, 0o755);
  return { folder, library, kept: join(folder, 'kept'), account, program, cluster, settings };
}

const own = async (path: string, { uid, gid }: Account): Promise<void> => {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
};

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Starts the machine: all files present at that moment count as synced. */
async function powerUp({ cluster, kept, account }: Disk): Promise<void> {
  await rm(kept, { recursive: true, force: true });
  await mkdir(kept);
  await own(kept, account);
  for (const path of await filesOf(cluster.folder)) {
    const to = join(kept, String((await stat(path)).ino));
    await cp(path, to);
    await own(to, account);
  }
}

async function start(disk: Disk): Promise<RunningServer> {
  const { folder, library, kept, account, program, cluster } = disk;
  const socket = join(folder, 's');
  await rm(socket, { recursive: true, force: true });
  await mkdir(socket);
  await own(socket, account);
  await endLeftover(cluster);
  return startServer({
    program: { ...program, env: { ...program.env, LD_PRELOAD: library, FORGETFUL_KEPT: kept } },
    cluster,
    address: { kind: 'socket', folder: socket },
    settings: [...SERVER_SETTINGS, ...RESTLESS, ...disk.settings],
  });
}

/** Every process of the server; they all work in the cluster's folder. */
async function killAll(cluster: string): Promise<void> {
  for (let isAny = true; isAny; ) {
    isAny = false;
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const folder = await ignoreFailure(readlink(`/proc/${pid}/cwd`), 'it has ended');
      if (folder !== cluster) continue;
      isAny = true;
      process.kill(Number(pid), 'SIGKILL');
    }
    await after(10);
  }
}

function mixed(synced: Buffer, written: Buffer, random: () => number): Buffer {
  const length = random() < 0.5 ? synced.length : written.length;
  const found = Buffer.alloc(length);
  for (let at = 0; at < length; at += SECTOR_BYTES) {
    const from = random() < 0.5 ? synced : written;
    if (at < from.length) from.copy(found, at, at, Math.min(at + SECTOR_BYTES, from.length));
  }
  return found;
}

/** Cuts the power: synced bytes survive; bytes written since may survive, sector by sector. */
async function forget({ cluster, kept, account }: Disk, random: () => number): Promise<void> {
  for (const path of await filesOf(cluster.folder)) {
    const written = await readFile(path);
    const { ino, birthtimeMs } = await stat(path);
    const shadow = join(kept, String(ino));
    const { mtimeMs } = await stat(shadow).catch(() => ({ mtimeMs: 0 }));
    // A new file may have got the number of one that is gone.
    const synced = mtimeMs >= birthtimeMs ? await readFile(shadow) : Buffer.alloc(0);
    if (synced.equals(written)) continue;
    await writeFile(path, mixed(synced, written, random));
    await own(path, account);
  }
}

async function openClient(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {
    // The power was cut.
  });
  await client.connect();
  return client;
}

/** Transactions of two rows each, and now and then of a deletion, until the power is cut. */
async function write(url: string, load: Load): Promise<void> {
  const client = await openClient(url);
  for (;;) {
    const n = ++load.last;
    await client.query('begin');
    await client.query('insert into pair values ($1, 1, repeat($2, 60)), ($1, 2, repeat($2, 60))', [
      n,
      String(n),
    ]);
    await client.query('update tally set count = count + 1 where writer = $1', [n % WRITERS]);
    await client.query('commit');
    load.promised.add(n);
  }
}

async function judge(url: string, promised: ReadonlySet<number>): Promise<string[]> {
  const client = await openClient(url);
  const { rows } = await client.query<{ n: number; halves: number; whole: boolean }>(
    `select n, count(*)::int as halves, bool_and(filling = repeat(n::text, 60)) as whole from pair group by n`,
  );
  const sum = await client.query<{ sum: number }>('select sum(count)::int as sum from tally');
  await client.query('set enable_seqscan = off');
  const indexed = await client.query<{ count: number }>(
    'select count(*)::int as count from pair where n > 0',
  );
  await client.end();
  const found = new Set(rows.map(({ n }) => n));
  const lost = [...promised].filter((n) => !found.has(n));
  const torn = rows.filter(({ halves, whole }) => halves !== 2 || !whole);
  return [
    ...(lost.length > 0 ? [`lost: ${lost.join(' ')}`] : []),
    ...(torn.length > 0 ? [`not whole: ${torn.map(({ n }) => n).join(' ')}`] : []),
    ...(sum.rows[0]?.sum === rows.length ? [] : [`${rows.length} pairs, counted ${sum.rows[0]?.sum}`]),
    ...(indexed.rows[0]?.count === 2 * rows.length ? [] : ['the index and the rows differ']),
  ];
}

async function prepare(url: string): Promise<void> {
  const client = await openClient(url);
  await client.query(
    'create table if not exists pair (n int, half int, filling text, primary key (n, half))',
  );
  await client.query('create table if not exists tally (writer int primary key, count int not null)');
  await client.query(
    'insert into tally select n, 0 from generate_series(0, $1::int) n on conflict do nothing',
    [WRITERS - 1],
  );
  await client.end();
}

type Load = { readonly promised: Set<number>; last: number };

/** Writes until the power goes; then the files are what the disk kept. */
async function runUntilCut(disk: Disk, load: Load, random: () => number): Promise<void> {
  await powerUp(disk);
  const server = await start(disk);
  await prepare(server.url);
  const writers = Array.from({ length: WRITERS }, () => write(server.url, load));
  const ended = Promise.allSettled(writers);
  await after(100 + random() * 900);
  await writeFile(join(disk.kept, 'cut'), '');
  await after(20);
  await killAll(disk.cluster.folder);
  await ended;
  await server.exited;
  await forget(disk, random);
}

/** Finds faults after the next start. A database that cannot start or be read is a fault, not an accident. */
async function findAfterCut(disk: Disk, promised: ReadonlySet<number>): Promise<string[]> {
  await powerUp(disk);
  try {
    const server = await start(disk);
    return await judge(server.url, promised).finally(() => server.stop('fast'));
  } catch (error) {
    return [`cannot be used after the cut: ${(error as Error).message}`];
  }
}

/**
 * Cuts the power `rounds` times; the database continues with the remains of each cut. Ends with the first
 * fault.
 */
export async function cutPower(
  disk: Disk,
  rounds: number,
  random: () => number,
): Promise<readonly CutOutcome[]> {
  const load: Load = { promised: new Set(), last: 0 };
  const outcomes: CutOutcome[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    await runUntilCut(disk, load, random);
    const faults = await findAfterCut(disk, load.promised);
    outcomes.push({ promised: load.promised.size, faults });
    if (faults.length > 0) break;
  }
  return outcomes;
}
