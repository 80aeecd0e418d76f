/**
 * The real parts that the tests stand on: PostgreSQL, Orthanc, Chromium, other readers of DICOM, the corpus.
 * Each is found, installed where that is possible, started on a free port with a folder of its own, and told
 * to the tests in `RELAY_TEST_*` (shared/testing/environment.ts).
 *
 * A part that cannot be had is left out with its reason: the tests that need it say that they were skipped.
 */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ORTHANC_PACKAGES } from '../system/choose-pacs.ts';
import { installDebianPackages } from '../system/debian-packages.ts';
import type { PackageRequest } from '../system/debian-packages.ts';
import { findOrthanc, startOrthanc } from '../system/orthanc.ts';
import { findPostgres, startPostgres } from '../system/postgres.ts';
import { ROOT } from '../check/source-files.ts';

export type TestParts = {
  /** The `RELAY_TEST_*` variables; an empty one means "absent". */
  readonly env: Readonly<Record<string, string>>;
  readonly missing: readonly { what: string; why: string }[];
  stop(): Promise<void>;
};

type Part = { env: Record<string, string>; stop?: () => Promise<void> };
type Say = (line: string) => void;

const POSTGRES_PACKAGES = {
  packages: ['postgresql'],
  services: ['postgresql'],
  purpose: 'PostgreSQL (for the tests)',
};
const CHROMIUM_PACKAGES = {
  packages: ['chromium', 'fonts-liberation'],
  services: [],
  purpose: 'Chromium (for the tests in a browser)',
};
const READERS_PACKAGES = {
  packages: ['python3-pydicom', 'python3-numpy', 'python3-pil', 'dcmtk', 'dicom3tools'],
  services: [],
  purpose: 'pydicom, dcmtk and dciodvfy (what the tests compare with)',
};
const CHROMIUM_PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

async function findChromium(): Promise<string | null> {
  for (const place of CHROMIUM_PLACES) {
    if (
      await access(place).then(
        () => true,
        () => false,
      )
    )
      return place;
  }
  return null;
}

/**
 * Finds a program, after installing its packages when it is not there. @throws Error that says why it cannot
 * be had.
 */
async function have<T>(find: () => Promise<T | null>, packages: PackageRequest): Promise<T> {
  const found = await find();
  if (found !== null) return found;
  const outcome = await installDebianPackages(packages);
  if (outcome.kind === 'unavailable')
    throw new Error(`${packages.packages.join(' ')} is not installed: ${outcome.because}`);
  const installed = await find();
  if (installed === null) throw new Error(`${packages.packages.join(' ')} was installed, but not found`);
  return installed;
}

async function postgres(): Promise<Part> {
  await have(findPostgres, POSTGRES_PACKAGES);
  const server = await startPostgres();
  return { env: { RELAY_TEST_POSTGRES_URL: server.url }, stop: () => server.stop() };
}

async function pacs(folder: string): Promise<Part> {
  const program = await have(() => findOrthanc(), ORTHANC_PACKAGES);
  const orthanc = await startOrthanc({ folder: join(folder, 'pacs'), program });
  const env = { RELAY_TEST_PACS_URL: orthanc.url, RELAY_TEST_PACS_AUTHORIZATION: orthanc.authorization };
  return { env, stop: () => orthanc.stop() };
}

async function chromium(): Promise<Part> {
  return { env: { RELAY_TEST_CHROMIUM: await have(findChromium, CHROMIUM_PACKAGES) } };
}

/** Whose word on DICOM the tests ask for: pydicom with its pixels, dcmtk, dciodvfy. */
async function findReaders(): Promise<true | null> {
  const { status } = spawnSync('/usr/bin/python3', ['-c', 'import pydicom, numpy, PIL']);
  const isThere = [
    ['dcmdump', '--version'],
    ['dciodvfy', '-version'],
  ].every(([program, option]) => !spawnSync(program!, [option!]).error);
  return status === 0 && isThere ? true : null;
}

async function readers(): Promise<Part> {
  await have(findReaders, READERS_PACKAGES);
  return { env: {} };
}

async function emptyDatabase(folder: string): Promise<Part> {
  const path = join(folder, 'empty-database');
  await mkdir(join(path, 'files'), { recursive: true, mode: 0o700 });
  await promisify(execFile)(process.execPath, [
    join(ROOT, 'gateway/src/database/make-cluster.ts'),
    join(path, 'files'),
  ]);
  return { env: { RELAY_TEST_EMPTY_DATABASE: path } };
}

async function corpus(): Promise<Part> {
  const folder = join(ROOT, '../shared/corpus');
  await access(join(folder, 'manifest.json')).catch(() => {
    throw new Error('../shared/corpus is not beside this clone');
  });
  return { env: { RELAY_TEST_CORPUS: folder } };
}

/** Keeps the world that browser tests share; it starts when a test first asks for it. */
async function world(folder: string, env: Readonly<Record<string, string>>): Promise<Part> {
  const keeper = spawn(
    process.execPath,
    [join(ROOT, 'shared/testing/keep-world.ts'), join(folder, 'shared-world')],
    { env: { ...process.env, ...env, TMPDIR: folder }, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const [address] = (await once(keeper.stdout.setEncoding('utf8'), 'data')) as [string];
  const stop = async (): Promise<void> => {
    if (keeper.exitCode !== null || keeper.signalCode !== null) return;
    keeper.kill();
    await once(keeper, 'exit');
  };
  return { env: { RELAY_TEST_WORLD: address.trim() }, stop };
}

/** Gets ready what can be had. Throws nothing: what cannot is in `missing`. */
export async function prepareTestParts(folder: string, say: Say): Promise<TestParts> {
  await mkdir(folder, { recursive: true });
  const env: Record<string, string> = {};
  const wanted: [string, string[], () => Promise<Part>][] = [
    ['PostgreSQL', ['RELAY_TEST_POSTGRES_URL'], postgres],
    ['Orthanc', ['RELAY_TEST_PACS_URL', 'RELAY_TEST_PACS_AUTHORIZATION'], () => pacs(folder)],
    ['Chromium', ['RELAY_TEST_CHROMIUM'], chromium],
    ['the other readers of DICOM', [], readers],
    ['an empty database', ['RELAY_TEST_EMPTY_DATABASE'], () => emptyDatabase(folder)],
    ['the shared world', ['RELAY_TEST_WORLD'], () => world(folder, env)],
    ['the corpus', ['RELAY_TEST_CORPUS'], corpus],
  ];
  const missing: { what: string; why: string }[] = [];
  const stops: (() => Promise<void>)[] = [];
  // One after the other: apt has one lock.
  for (const [what, variables, prepare] of wanted) {
    try {
      const part = await prepare();
      Object.assign(env, part.env);
      if (part.stop) stops.push(part.stop);
    } catch (error) {
      for (const variable of variables) env[variable] = '';
      missing.push({ what, why: (error as Error).message.split('\n')[0]! });
      say(`Without ${what}: ${(error as Error).message}`);
    }
  }
  return { env, missing, stop: async () => void (await Promise.all(stops.map((stop) => stop()))) };
}
