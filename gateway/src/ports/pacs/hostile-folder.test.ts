/**
 * A folder in which others write, too. Their links, special files and swaps lead the gateway nowhere: it reads, writes
 * and removes nothing outside the folder, and says where it was stopped.
 */
import { execFile } from 'node:child_process';
import { link, lstat, lutimes, mkdir, mkdtemp, readdir, readFile, readlink, rename } from 'node:fs/promises';
import { rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '#testing/sha256.ts';
import { failsWith } from '../../testing/failing.ts';
import { fieldsOf } from '../../testing/fields-of.ts';
import { createFolderPacs } from './folder-pacs.ts';
import { fileOf, indexOf } from './folder-places.ts';
import { FolderDisturbed, FOLDER_OVERFULL, FOREIGN_ENTRY, type InstanceToStore } from './pacs.ts';

type World = { base: string; folder: string; outside: string };
const test = suite<World>('a folder in which others write');
const signal = new AbortController().signal;
const FOLDER = 'archive/night';
const STUDY = '1.2.3';
const WHERE = { studyInstanceUID: STUDY, seriesInstanceUID: '1.2.3.4', sopInstanceUID: '1.4' };
const FILE = fileOf(WHERE).join('/');
const SERIES = dirname(FILE);
const ENTRY = indexOf(WHERE).join('/');
const SHELF = dirname(ENTRY);
const INCOMING = '.relaypacs/incoming';
const UUID = '11111111-1111-4111-8111-111111111111';
const LONG_AGO = new Date(Date.now() - 2 * 24 * 60 * 60 * 1000);

test.before.each(async (world) => {
  world.base = await mkdtemp(join(tmpdir(), 'relay-hostile-folder-'));
  world.folder = join(world.base, 'root', FOLDER);
  world.outside = join(world.base, 'outside');
  await mkdir(world.folder, { recursive: true });
  await mkdir(world.outside);
});
test.after.each(async ({ base }) => rm(base, { recursive: true, force: true }));

const nothing = async (): Promise<unknown> => null;
const instance = (text: string, sopInstanceUID = '1.4', meanwhile = nothing): InstanceToStore => ({
  ...{ sopInstanceUID, seriesInstanceUID: '1.2.3.4', sopClassUID: '1.2', transferSyntaxUID: '1.2' },
  ...{ digest: sha256(Buffer.from(text)), bytes: Buffer.byteLength(text) },
  async *open() {
    await meanwhile();
    yield Buffer.from(text);
  },
});
const OURS = instance('ours');

type Ways = { byPath?: boolean; namesLimit?: number };
const at = ({ base }: World, ways: Ways) =>
  createFolderPacs({ root: join(base, 'root'), folder: FOLDER, ...ways });
const store = (world: World, ways: Ways, ...given: InstanceToStore[]) =>
  at(world, ways).storeInstances(STUDY, given, signal);
const outcomes = async (...of: Parameters<typeof store>) => fieldsOf(await store(...of), 'outcome');

/** The two ways to a name: through the opened folder, and by its path where the system has no /proc. */
const WAYS = { 'through opened folders': { byPath: false }, 'by paths': { byPath: true } };

/** Everything that asks for the instance. */
const READS = {
  findInstances: (world: World, ways: Ways) => at(world, ways).findInstances(['1.4'], signal, STUDY),
  readBack: (world: World, ways: Ways) => at(world, ways).readBack(WHERE, 100, signal),
  fetchInstance: (world: World, ways: Ways) => at(world, ways).fetchInstance(WHERE, 100, signal),
  streamInstance: (world: World, ways: Ways) =>
    at(world, ways).streamInstance!(WHERE, signal, async () => 'read'),
  findStudy: (world: World, ways: Ways) => at(world, ways).findStudy(STUDY, signal),
  describeStudy: (world: World, ways: Ways) => at(world, ways).describeStudy(STUDY, 10, signal),
};

/** The illness of the folder, and where in it. */
async function stopOf(work: Promise<unknown>): Promise<readonly (string | null)[]> {
  const { connection, place } = await failsWith(work, FolderDisturbed);
  return [connection, place];
}
const strangerAt = (name: string) => [FOREIGN_ENTRY, join(FOLDER, name)];

/** Every name beneath a folder, with the text of files. */
async function contents(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const told = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    return `${path.slice(folder.length)} ${entry.isFile() ? await readFile(path, 'latin1') : ''}`;
  });
  return (await Promise.all(told)).sort();
}

/** Moves a folder or file outside and puts a link in its place. */
async function leadOutside({ folder, outside }: World, name: string): Promise<void> {
  await rename(join(folder, name), join(outside, 'moved'));
  await symlink(join(outside, 'moved'), join(folder, name));
}

const { findInstances, describeStudy } = READS;
/** The index is needed by these alone. */
const BY_INDEX = { findInstances, describeStudy };
const OWN_FOLDERS = ['.relaypacs', '.relaypacs/places', SHELF];

for (const [way, ways] of Object.entries(WAYS)) {
  for (const name of ['..', '', ...OWN_FOLDERS, INCOMING, STUDY, SERIES])
    test(`stores nothing through a link at ${join(FOLDER, name)}, ${way}`, async (world) => {
      await store(world, ways, OURS);
      await leadOutside(world, name);
      await writeFile(join(world.outside, 'moved', UUID), 'theirs');
      await utimes(join(world.outside, 'moved', UUID), LONG_AGO, LONG_AGO);
      const before = await contents(world.outside);
      assert.equal(await stopOf(store(world, ways, OURS)), strangerAt(name));
      assert.equal(await contents(world.outside), before);
    });

  for (const [name, asks] of [
    ...['..', '', STUDY, SERIES].map((one) => [one, READS] as const),
    ...OWN_FOLDERS.map((one) => [one, BY_INDEX] as const),
  ])
    test(`reads nothing through a link at ${join(FOLDER, name)}, ${way}`, async (world) => {
      await store(world, ways, OURS);
      await leadOutside(world, name);
      for (const [what, ask] of Object.entries(asks))
        assert.equal(await stopOf(ask(world, ways)), strangerAt(name), what);
    });
}

const toFile: Put = ({ outside }, path) => symlink(join(outside, 'theirs'), path);
const toNothing: Put = ({ outside }, path) => symlink(join(outside, 'none'), path);
const pipe: Put = async (_, path) => promisify(execFile)('mkfifo', [path]);
const aFolder: Put = (_, path) => mkdir(path);
const aFile: Put = (_, path) => writeFile(path, 'theirs');
type Put = (world: World, path: string) => Promise<unknown>;

/** Kinds of entries, each in a place where the gateway keeps something else. */
const STRANGERS: readonly (readonly [string, string, Put])[] = [
  ...[FILE, ENTRY].flatMap((name) => [
    ['a link to a file', name, toFile] as const,
    ['a link to nothing', name, toNothing] as const,
    ['a pipe', name, pipe] as const,
    ['a folder', name, aFolder] as const,
  ]),
  ...['', INCOMING, SHELF, STUDY, SERIES].flatMap((name) => [
    ['a link to nothing', name, toNothing] as const,
    ['a pipe', name, pipe] as const,
    ['a file', name, aFile] as const,
  ]),
];

for (const [way, ways] of Object.entries(WAYS))
  for (const [what, name, put] of STRANGERS)
    test(`neither opens nor replaces ${what} at ${join(FOLDER, name)}, ${way}`, async (world) => {
      await writeFile(join(world.outside, 'theirs'), 'theirs');
      await store(world, ways, OURS);
      const path = join(world.folder, name);
      await rm(path, { recursive: true });
      await put(world, path);
      const { ino } = await lstat(path);
      assert.equal(await stopOf(store(world, ways, OURS)), strangerAt(name));
      if (FILE.startsWith(name))
        for (const ask of Object.values(READS))
          assert.equal(await stopOf(ask(world, ways)), strangerAt(name));
      assert.is((await lstat(path)).ino, ino);
      assert.equal(await contents(world.outside), ['/theirs theirs']);
    });

test('writes into no file that has another name elsewhere', async (world) => {
  for (const theirs of ['theirs', '']) {
    await rm(world.folder, { recursive: true });
    await mkdir(join(world.folder, SHELF), { recursive: true });
    await mkdir(join(world.folder, SERIES), { recursive: true });
    await writeFile(join(world.outside, 'theirs'), theirs);
    for (const name of [ENTRY, FILE]) await link(join(world.outside, 'theirs'), join(world.folder, name));
    assert.equal(await outcomes(world, {}, OURS), ['refused']);
    assert.equal(await contents(world.outside), [`/theirs ${theirs}`]);
  }
});

test('writes an entry again that a power cut left empty', async (world) => {
  await store(world, {}, OURS);
  await truncate(join(world.folder, ENTRY));
  const classes = async () => fieldsOf(await at(world, {}).describeStudy(STUDY, 1, signal), 'sopClassUID');
  assert.equal(await classes(), [null]);
  await store(world, {}, OURS);
  assert.equal(await classes(), ['1.2']);
});

test('removes its own abandoned files alone', async (world) => {
  const incoming = join(world.folder, INCOMING);
  await mkdir(incoming, { recursive: true });
  await writeFile(join(world.outside, 'theirs'), 'theirs');
  const LINK = UUID.replaceAll('1', '2');
  const SECOND_NAME = UUID.replaceAll('1', '3');
  const SUBFOLDER = UUID.replaceAll('1', '4');
  for (const name of [UUID, 'old']) await writeFile(join(incoming, name), 'half');
  await mkdir(join(incoming, SUBFOLDER));
  await symlink(join(world.outside, 'theirs'), join(incoming, LINK));
  await link(join(world.outside, 'theirs'), join(incoming, SECOND_NAME));
  for (const name of await readdir(incoming)) await lutimes(join(incoming, name), LONG_AGO, LONG_AGO);
  await store(world, {}, OURS);
  // The file with two names keeps the other one.
  assert.equal((await readdir(incoming)).sort(), [LINK, SUBFOLDER, 'old'].sort());
  assert.equal(await contents(world.outside), ['/theirs theirs']);
});

/** Gives the name of a folder to a link while the gateway reads an instance. */
const swapping = (world: World, name: string, sopInstanceUID: string): InstanceToStore =>
  instance('swapped', sopInstanceUID, async () => {
    await rename(join(world.folder, name), join(world.folder, 'aside'));
    await symlink(world.outside, join(world.folder, name));
  });

async function swap(world: World, name: string): Promise<InstanceToStore[]> {
  await writeFile(join(world.outside, UUID), 'theirs');
  await utimes(join(world.outside, UUID), LONG_AGO, LONG_AGO);
  const swapped = swapping(world, name, '1.5');
  // The gateway opens its own folders before the first instance, and those of the study with it.
  return name.startsWith('.') ? [swapped, OURS] : [OURS, swapped];
}

for (const name of ['.relaypacs', INCOMING, STUDY, SERIES]) {
  test(`stays in the folder that it opened while another takes the place of ${name}`, async (world) => {
    assert.equal(await outcomes(world, {}, ...(await swap(world, name))), ['stored', 'stored']);
    assert.equal(await contents(world.outside), [`/${UUID} theirs`]);
    assert.equal((await contents(world.folder)).filter((file) => file.endsWith(' swapped')).length, 1);
  });

  test(`notices by paths that another takes the place of ${name}`, async (world) => {
    const swapped = await swap(world, name);
    assert.equal(await stopOf(store(world, { byPath: true }, ...swapped)), strangerAt(name));
    assert.equal(await contents(world.outside), [`/${UUID} theirs`]);
  });
}

test('says that a folder is overfull, and does not read on', async (world) => {
  const ways = { namesLimit: 3 };
  const addSeries = async (series: string, instances: number): Promise<void> => {
    await mkdir(join(world.folder, STUDY, series), { recursive: true });
    for (let nth = 0; nth < instances; nth += 1)
      await writeFile(join(world.folder, STUDY, series, `1.${nth}.dcm`), '');
  };
  await addSeries('1.1', 3);
  assert.is((await at(world, ways).findStudy(STUDY, signal)).size, 3);
  await addSeries('1.2', 1);
  assert.equal(await stopOf(READS.findStudy(world, ways)), [FOLDER_OVERFULL, join(FOLDER, STUDY)]);
  assert.is((await at(world, ways).describeStudy(STUDY, 3, signal)).length, 3);
  await addSeries('1.1', 4);
  assert.equal(await stopOf(READS.findStudy(world, ways)).then(([code]) => code), FOLDER_OVERFULL);
  await mkdir(join(world.folder, SHELF), { recursive: true });
  for (const name of 'wxyz') await writeFile(join(world.folder, SHELF, name), '');
  assert.equal(await stopOf(READS.findInstances(world, ways)), [FOLDER_OVERFULL, join(FOLDER, SHELF)]);
  await rm(join(world.folder, STUDY), { recursive: true });
  for (const name of 'wxyz') await writeFile(join(world.folder, name), '');
  assert.equal(await stopOf(at(world, ways).givesInstances(signal)), [FOLDER_OVERFULL, FOLDER]);
});

test('stores although others fill the folder of incoming files', async (world) => {
  await mkdir(join(world.folder, INCOMING), { recursive: true });
  for (let nth = 0; nth < 2_500; nth += 1) await writeFile(join(world.folder, INCOMING, `${nth}`), '');
  assert.equal(await outcomes(world, { namesLimit: 2_000 }, OURS), ['stored']);
});

async function openFilesIn(folder: string): Promise<readonly string[]> {
  const numbers = await readdir('/proc/self/fd');
  const paths = await Promise.all(numbers.map((one) => readlink(`/proc/self/fd/${one}`).catch(() => '')));
  return paths.filter((path) => path.startsWith(folder));
}

test('leaves nothing open, whatever happens', async (world) => {
  const uids = Array.from({ length: 40 }, (_, nth) => `1.${nth}`);
  const broken = instance('broken', '1.99', () => Promise.reject(new Error('the spool is gone')));
  let seen = 0;
  const counting = instance('counted', '1.98', async () => {
    seen = (await openFilesIn(world.base)).length;
  });
  for (const ways of Object.values(WAYS)) {
    await store(world, ways, ...uids.map((uid) => instance(uid, uid)), counting);
    assert.ok(seen > 0 && seen < 40, `${seen} open files while storing`);
    await at(world, ways).findInstances(uids, signal, STUDY);
    for (const ask of Object.values(READS)) await ask(world, ways);
    await at(world, ways).describeStudy(STUDY, 1, signal);
    await at(world, ways).givesInstances(signal);
    await failsWith(store(world, ways, broken), Error);
    await stopOf(at(world, { ...ways, namesLimit: 1 }).findStudy(STUDY, signal));
    assert.equal(await openFilesIn(world.base), []);
  }
  for (const ways of Object.values(WAYS)) {
    await rm(join(world.folder, FILE));
    await pipe(world, join(world.folder, FILE));
    for (const ask of Object.values(READS)) await stopOf(ask(world, ways));
    await stopOf(store(world, ways, OURS));
    await rm(join(world.folder, FILE));
    await store(world, ways, ...(await swap(world, SERIES))).catch(() => null);
    assert.equal(await openFilesIn(world.base), []);
    await rm(join(world.folder, SERIES));
    await rename(join(world.folder, 'aside'), join(world.folder, SERIES));
  }
});

test('is asked whether anything has the place of its own folders', async (world) => {
  await at(world, {}).probe(signal);
  await store(world, {}, OURS);
  await at(world, {}).probe(signal);
  await leadOutside(world, INCOMING);
  assert.equal(await stopOf(at(world, {}).probe(signal)), strangerAt(INCOMING));
});

test.run();
