// test:all: servers are started and killed; start.e2e.ts and main.test.ts start the embedded one by day
/** The accounts that can reach the embedded database, and the message for a person where it cannot run. */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skipped } from '#testing/environment.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { CannotRun, openPlace } from './account.ts';
import { clusterIn, openCluster, passwordIn } from './cluster.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';
import { FolderInUse } from './leftover.ts';
import { findProgram, provideCopy } from './program.ts';

const test = suite('access to the embedded database');
const folder = mkdtempSync(join(tmpdir(), 'relaypacs-embedded-'));
const place = join(folder, 'database');
let postgres: EmbeddedPostgres;
let password: string;
test.before(async () => {
  process.env['RELAY_ADMIN_PASSWORD'] = 'planted-password';
  postgres = await startEmbeddedPostgres(place).finally(() => delete process.env['RELAY_ADMIN_PASSWORD']);
  password = (await readFile(passwordIn(clusterIn(place)), 'utf8')).trim();
});
test.after(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

if (process.platform === 'win32') skipped('files for their owner only', 'Windows has no such modes');
else {
  test('its files, its password and its socket are for the server’s account only', async () => {
    const [, , , , socketFolder] = (await readFile(join(place, 'cluster/postmaster.pid'), 'utf8')).split(
      '\n',
    );
    const socket = join(socketFolder!, '.s.PGSQL.5432');
    const paths = [place, join(place, 'cluster'), passwordIn(clusterIn(place)), socketFolder!, socket];
    assert.equal(await Promise.all(paths.map(modeOf)), ['700', '700', '600', '700', '700']);
    const owners = new Set(await Promise.all(paths.map(async (path) => (await stat(path)).uid)));
    assert.is(owners.size, 1);
    assert.equal(await query(postgres.url, 'show listen_addresses'), [{ listen_addresses: '' }]);
  });
}

test('it wants the password from everyone, and keeps only its SCRAM verifier', async () => {
  const hba = await readFile(join(place, 'cluster/pg_hba.conf'), 'utf8');
  const methods = hba.split('\n').filter((line) => /^(local|host)/.test(line));
  assert.ok(methods.length > 0 && methods.every((line) => line.endsWith(' scram-sha-256')), hba);
  for (const wrong of ['', 'postgres', password.slice(1)]) {
    const failed = await query(postgres.url.replace(password, wrong), 'select 1').catch(
      (error: Error) => error,
    );
    assert.instance(failed, Error, 'a wrong password');
  }
  const users = await query(
    postgres.url,
    "select rolname, left(rolpassword, 14) as kept from pg_authid where rolcanlogin or rolpassword <> ''",
  );
  assert.equal(users, [{ rolname: 'relay', kept: 'SCRAM-SHA-256$' }]);
});

if (process.platform !== 'linux') skipped('the password in /proc', 'only Linux has it');
else {
  test('the password is in no process’s parameters or environment, and in no refusal', async () => {
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      for (const file of ['cmdline', 'environ']) {
        const text = await ignoreFailure(readFile(`/proc/${pid}/${file}`, 'utf8'), 'not ours, or it ended');
        assert.not.ok(text?.includes(password), `${file} of ${pid}`);
      }
    }
    const impossible = { settings: ['shared_buffers=nonsense'] };
    const elsewhere = join(folder, 'elsewhere');
    const refusal = await startEmbeddedPostgres(elsewhere, impossible).catch((error: Error) => error);
    assert.instance(refusal, CannotRun);
    const other = (await readFile(passwordIn(clusterIn(elsewhere)), 'utf8')).trim();
    assert.match((refusal as Error).message, 'shared_buffers');
    assert.not.match((refusal as Error).message, other);
  });
}

if (process.platform !== 'linux' || process.getuid?.() !== 0) {
  skipped('the database’s account and root', 'only root starts the database as another account');
} else {
  test('the database’s account finds no secret of the gateway in its processes', async () => {
    const { uid } = await stat(place);
    let read = 0;
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const owner = await ignoreFailure(stat(`/proc/${pid}`), 'it ended');
      if (owner?.uid !== uid) continue;
      const text = await ignoreFailure(readFile(`/proc/${pid}/environ`, 'utf8'), 'it ended');
      assert.not.match(text ?? '', 'planted-password');
      read += 1;
    }
    assert.ok(read >= 2, 'the server and its watcher');
  });

  const account = async () => (await openPlace(join(folder, 'for its account'))).account;
  const refusedStart = (path: string) =>
    startEmbeddedPostgres(path).then(
      () => assert.unreachable('it started'),
      (error: Error) => {
        assert.instance(error, CannotRun, error.message);
        return error.message;
      },
    );

  test('root neither signals nor deletes what the account points it to', async () => {
    const victim = join(folder, 'victim');
    await mkdir(victim);
    const bystander = spawn('sleep', ['60'], { cwd: victim });
    await writeFile(join(victim, 'PG_VERSION'), '18\n');
    await writeFile(passwordIn(victim), '0'.repeat(64));
    await writeFile(join(victim, 'postmaster.pid'), `${bystander.pid}\n/x\n1\n5432\n/tmp/nowhere\n`);
    await chmod(folder, 0o755);
    const { folder: pointed } = await openPlace(join(folder, 'pointed'));
    await symlink(victim, clusterIn(pointed));
    try {
      await refusedStart(pointed);
      assert.is(bystander.signalCode, null);
      assert.ok((await readdir(victim)).includes('postmaster.pid'));
    } finally {
      bystander.kill('SIGKILL');
      await chmod(folder, 0o700);
    }
  });

  test('root reads neither its own files nor a pipe for the account', async () => {
    const { uid, gid } = await account();
    const { folder: linked } = await openPlace(join(folder, 'linked'));
    const cluster = clusterIn(linked);
    await mkdir(cluster);
    await chown(cluster, uid!, gid!);
    await writeFile(join(folder, 'secret'), 'planted-secret', { mode: 0o600 });
    await symlink(join(folder, 'secret'), join(cluster, 'PG_VERSION'));
    assert.not.match((await refusedStart(linked)) ?? '', 'planted-secret');
    await rm(join(cluster, 'PG_VERSION'));
    await writeFile(join(cluster, 'PG_VERSION'), '18\n');
    spawnSync('mkfifo', ['-m', '666', passwordIn(cluster)]);
    assert.match((await refusedStart(linked)) ?? '', 'not a regular file');
  });

  test('root hands its folder over only where nobody else can replace it, and only while it is empty', async () => {
    const { uid, gid } = await account();
    const foreign = join(folder, 'foreign');
    await mkdir(foreign);
    await chown(foreign, uid!, gid!);
    assert.match((await refusedStart(join(foreign, 'database'))) ?? '', `chown root ${foreign}`);
    const full = join(folder, 'full');
    await mkdir(join(full, 'something'), { recursive: true });
    assert.match((await refusedStart(full)) ?? '', `chown -R ${uid}:${gid} ${full}`);
    assert.is((await stat(full)).uid, 0);
  });

  test('the account runs a copy of the programs, made once, whatever others put there', async () => {
    const base = mkdtempSync(join(tmpdir(), 'relaypacs-copies-'));
    await chmod(base, 0o1777);
    const { uid, gid } = await account();
    const { folder: installed } = await findProgram({});
    const original = { folder: installed, version: '18.0' };
    for (const suffix of ['', '-AAAAAA']) {
      await mkdir(join(base, `relaypacs-postgres-18.0${suffix}`));
      await chown(join(base, `relaypacs-postgres-18.0${suffix}`), uid!, gid!);
    }
    const umask = process.umask(0o077);
    try {
      const copied = await provideCopy(original, base, { uid: uid!, gid: gid! });
      assert.equal(await provideCopy(original, base, { uid: uid!, gid: gid! }), copied);
      assert.is((await readdir(base)).length, 3);
      const links = (await readdir(join(copied.folder, 'lib'), { withFileTypes: true })).filter((entry) =>
        entry.isSymbolicLink(),
      );
      assert.ok(links.length > 0);
      for (const { parentPath, name } of links) {
        assert.not.ok(isAbsolute(await readlink(join(parentPath, name))), name);
      }
    } finally {
      process.umask(umask);
      await rm(base, { recursive: true, force: true });
    }
  });
}

if (process.platform === 'win32') skipped('a folder that others can change', 'Windows has no such modes');
else {
  test('a folder that other accounts can change is refused in words', async () => {
    const open = join(folder, 'open');
    await mkdir(open);
    await chmod(open, 0o777);
    const refusal = await startEmbeddedPostgres(open).catch((error: Error) => error);
    assert.instance(refusal, CannotRun);
    assert.match((refusal as Error).message, `chmod 700 ${open}`);
    assert.equal(await readdir(open), []);
  });
}

if (process.platform !== 'linux') skipped('a stopped server', 'only Linux tells the folder of a process');
else {
  test('the server of a living gateway is not touched when it is stopped, nor through another path', async () => {
    const path = join(folder, 'second path');
    await mkdir(path);
    const mounted = spawnSync('mount', ['--bind', place, path]).status === 0;
    if (!mounted) skipped('a second path to a living server', 'this account may not mount');
    const note = join(place, 'cluster', 'postmaster.pid');
    const before = await readFile(note, 'utf8');
    process.kill(postgres.pid(), 'SIGSTOP');
    try {
      const refusal = await startEmbeddedPostgres(mounted ? path : place).catch((error: Error) => error);
      assert.instance(refusal, FolderInUse);
      assert.match((refusal as Error).message, `process ${process.pid}`);
      assert.is(await readFile(note, 'utf8'), before);
    } finally {
      if (mounted) spawnSync('umount', ['-l', path]);
      process.kill(postgres.pid(), 'SIGCONT');
    }
    assert.equal(await query(postgres.url, 'select 1 as one'), [{ one: 1 }]);
  });
}

test('a database of another major version is refused by both versions and its folder, and stays as it is', async () => {
  const old = join(folder, 'old');
  const version = join(old, 'cluster', 'PG_VERSION');
  const { uid = process.getuid?.() ?? 0, gid = process.getgid?.() ?? 0 } = (await openPlace(old)).account;
  await mkdir(dirname(version), { mode: 0o700 });
  await writeFile(version, '17\n');
  if (process.platform !== 'win32')
    for (const path of [dirname(version), version]) await chown(path, uid, gid);
  const refusal = await startEmbeddedPostgres(old).catch((error: Error) => error);
  assert.instance(refusal, CannotRun);
  const { message } = refusal as Error;
  for (const part of [join(old, 'cluster'), 'PostgreSQL 17', 'PostgreSQL 18']) assert.match(message, part);
  assert.equal(await readdir(old, { recursive: true }), ['cluster', join('cluster', 'PG_VERSION')]);
});

test('two first starts at once make one database, and leave nothing but it', async () => {
  const both = join(folder, 'both');
  await mkdir(both, { mode: 0o700 });
  const opened = await openPlace(both);
  const [one, other] = await Promise.all([1, 2].map(() => openCluster(opened)));
  assert.equal(one, other);
  assert.equal(await readdir(both), ['cluster']);
  const started = await startEmbeddedPostgres(both);
  assert.equal(await query(started.url, 'select 1 as one'), [{ one: 1 }]);
  await started.stop();
});

test('a machine for which there is no package is told to set DATABASE_URL', () => {
  const main = fileURLToPath(new URL('../../main.ts', import.meta.url));
  const pretend = 'data:text/javascript,Object.defineProperty(process,"arch",{value:"s390x"})';
  const { status, stderr } = spawnSync(process.execPath, ['--import', pretend, main], {
    env: { PATH: process.env['PATH'], RELAY_DATA_DIR: join(folder, 'none'), PACS_URL: 'http://127.0.0.1:9/' },
    encoding: 'utf8',
  });
  assert.is(status, 1, stderr);
  assert.match(stderr, 'no embedded PostgreSQL for this machine');
  assert.match(stderr, 'DATABASE_URL=postgres://');
});

test.run();
