/**
 * The real parts that tests stand on: PostgreSQL, Orthanc, browsers, other readers of DICOM, the corpus, the
 * built web app. A part starts when the first chosen file needs it (needs.ts says which do): it is found,
 * installed where that is possible, started on a free port with a folder of its own, and announced to the
 * tests in `RELAY_TEST_*` (shared/testing/environment.ts).
 *
 * Programs that the machine lacks are installed at once, after one question at a terminal. An unavailable part is
 * left out with its reason: the tests that need it skip themselves.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { ORTHANC_PACKAGES } from '../system/choose-pacs.ts';
import { installDebianPackages } from '../system/debian-packages.ts';
import type { PackageRequest } from '../system/debian-packages.ts';
import { findOrthanc, startOrthanc } from '../system/orthanc.ts';
import { startPostgres } from '../system/postgres.ts';
import { findFaketime } from '../system/shifted-clock.ts';
import { findCaddy } from '#testing/caddy.ts';
import { findContainerPrograms } from '#testing/container.ts';
import { testEnvironment } from '#testing/environment.ts';
import { findNginx } from '#testing/hostile-proxy.ts';
import { findNamespacePrograms } from '#testing/network-namespace.ts';
import { findSystemd } from '#testing/unit-file.ts';
import { bringWebApp } from '../build.ts';
import { ROOT } from '../check/source-files.ts';

export type PartName =
  | 'postgres'
  | 'orthanc'
  | 'pacs'
  | 'chromium'
  | 'firefox'
  | 'webkit'
  | 'readers'
  | 'nginx'
  | 'compiler'
  | 'faketime'
  | 'systemd'
  | 'caddy'
  | 'containers'
  | 'namespaces'
  | 'corpus'
  | 'webApp'
  | 'world';

export type TestParts = {
  /** Installs what the machine lacks of these parts. Throws nothing. */
  install(names: readonly PartName[]): Promise<void>;
  /** Starts missing parts; returns the variables of these parts. Throws nothing. */
  need(names: readonly PartName[]): Promise<Readonly<Record<string, string>>>;
  readonly missing: readonly { what: string; why: string }[];
  /** How long the start of each took, by its words. */
  readonly seconds: ReadonlyMap<string, number>;
  stop(): Promise<void>;
};

type Env = Readonly<Record<string, string>>;
type Started = { env: Record<string, string>; stop?: () => Promise<void> };
type Part = {
  /** For a person. */
  readonly what: string;
  /** Set to an empty text if it is unavailable: absent on purpose. */
  readonly variables: readonly string[];
  /** Started before it; it sees their variables. */
  readonly after?: readonly PartName[];
  /** Programs of Debian that it consists of. */
  readonly programs?: readonly Program[];
  start(folder: string, env: Env): Promise<Started>;
};
type Program = { readonly find: () => Promise<unknown>; readonly packages: PackageRequest };
type Say = (line: string) => void;

const CHROMIUM_PACKAGES = {
  packages: ['chromium', 'fonts-liberation'],
  services: [],
  purpose: 'Chromium (for the tests in a browser)',
};
const HEADLESS_SHELL_PACKAGES = {
  packages: ['chromium-headless-shell'],
  services: [],
  purpose: 'Chromium’s headless shell (for the tests in a browser)',
};
const FIREFOX_PACKAGES = {
  packages: ['firefox-esr'],
  services: [],
  purpose: 'Firefox (for the tests in a browser)',
};
const WEBKIT_PACKAGES = {
  packages: ['webkit2gtk-driver', 'xvfb'],
  services: [],
  purpose: 'WebKit (for the tests in a browser)',
};
const READERS_PACKAGES = {
  packages: [
    ...['python3-pydicom', 'python3-numpy', 'python3-pil', 'python3-jsonschema'],
    ...['dcmtk', 'dicom3tools', 'poppler-utils'],
  ],
  services: [],
  purpose: 'pydicom, dcmtk, dciodvfy, poppler and jsonschema (what the tests compare with)',
};
const NGINX_PACKAGES = {
  packages: ['nginx'],
  services: ['nginx'],
  purpose: 'nginx (what hospitals put before a server)',
};
const COMPILER_PACKAGES = {
  packages: ['gcc', 'libc6-dev'],
  services: [],
  purpose: 'a C compiler (for the disk that forgets at a power cut)',
};
const FAKETIME_PACKAGES = {
  packages: ['libfaketime'],
  services: [],
  purpose: 'libfaketime (for clocks that are wrong)',
};
const SYSTEMD_PACKAGES = {
  packages: ['systemd'],
  services: [],
  purpose: 'systemd’s programs (for the unit file; systemd is not started)',
};
const CADDY_PACKAGES = {
  packages: ['caddy'],
  services: ['caddy.service'],
  purpose: 'Caddy (for the example in docs/install.md)',
};
const CONTAINER_PACKAGES = {
  packages: ['mmdebstrap', 'buildah', 'podman', 'runc', 'netavark', 'aardvark-dns'],
  services: ['.service', '.socket', '-restart.service', '-auto-update.service', '-auto-update.timer'].map(
    (end) => `podman${end}`,
  ),
  purpose: 'mmdebstrap, buildah, podman and runc (for the image)',
};
const NAMESPACE_PACKAGES = {
  packages: ['iproute2', 'openssl'],
  services: [],
  purpose: 'ip and openssl (for a network of its own)',
};
const CHROMIUM_PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
const HEADLESS_SHELL_PLACES = ['/usr/bin/chromium-headless-shell'];

async function findAt(places: readonly string[]): Promise<string | null> {
  for (const place of places) {
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

/** @throws Error that says why the program is not there. */
async function have<T>({
  find,
  packages,
}: {
  find: () => Promise<T | null>;
  packages: PackageRequest;
}): Promise<T> {
  const found = await find();
  if (found === null) throw new Error(`${packages.packages.join(' ')} is not installed`);
  return found;
}

async function postgres(): Promise<Started> {
  const server = await startPostgres();
  return { env: { RELAY_TEST_POSTGRES_URL: server.url }, stop: () => server.stop() };
}

async function pacs(folder: string): Promise<Started> {
  const orthanc = await startOrthanc({ folder: join(folder, 'pacs') });
  const env = { RELAY_TEST_PACS_URL: orthanc.url, RELAY_TEST_PACS_AUTHORIZATION: orthanc.authorization };
  return { env, stop: () => orthanc.stop() };
}

const CHROMIUM = { find: () => findAt(CHROMIUM_PLACES), packages: CHROMIUM_PACKAGES };
const HEADLESS_SHELL = { find: () => findAt(HEADLESS_SHELL_PLACES), packages: HEADLESS_SHELL_PACKAGES };
const FIREFOX = { find: async () => testEnvironment({}).firefox, packages: FIREFOX_PACKAGES };
const WEBKIT = { find: async () => testEnvironment({}).webkit, packages: WEBKIT_PACKAGES };
const READERS = { find: findReaders, packages: READERS_PACKAGES };
const NGINX = { find: async () => findNginx(), packages: NGINX_PACKAGES };
const COMPILER = { find: findCompiler, packages: COMPILER_PACKAGES };
const FAKETIME = { find: async () => findFaketime(), packages: FAKETIME_PACKAGES };
const SYSTEMD = { find: async () => findSystemd(), packages: SYSTEMD_PACKAGES };
const CADDY = { find: async () => findCaddy(), packages: CADDY_PACKAGES };
const CONTAINERS = { find: async () => findContainerPrograms(), packages: CONTAINER_PACKAGES };
const NAMESPACES = { find: async () => findNamespacePrograms(), packages: NAMESPACE_PACKAGES };
const ORTHANC = { find: async () => findOrthanc(), packages: ORTHANC_PACKAGES };

async function chromium(): Promise<Started> {
  const path = await have(CHROMIUM);
  // If it cannot be had, everything takes the Chromium.
  const shell = (await HEADLESS_SHELL.find()) ?? path;
  return { env: { RELAY_TEST_CHROMIUM: path, RELAY_TEST_HEADLESS_SHELL: shell } };
}

/** A part that is nothing but a program. */
const program = (of: Parameters<typeof have>[0]) => async (): Promise<Started> => {
  await have(of);
  return { env: {} };
};

/** The readers that tests compare with: pydicom with its pixels, dcmtk, dciodvfy; poppler for PDF, jsonschema. */
async function findReaders(): Promise<true | null> {
  const { status } = spawnSync('/usr/bin/python3', ['-c', 'import pydicom, numpy, PIL, jsonschema']);
  const isThere = [
    ['dcmdump', '--version'],
    ['dciodvfy', '-version'],
    ['pdftoppm', '-v'],
  ].every(([program, option]) => !spawnSync(program!, [option!]).error);
  return status === 0 && isThere ? true : null;
}

async function findCompiler(): Promise<true | null> {
  return ['gcc', 'cc'].some((name) => !spawnSync(name, ['--version']).error) ? true : null;
}

async function corpus(): Promise<Started> {
  const folder = join(ROOT, '../shared/corpus');
  await access(join(folder, 'manifest.json')).catch(() => {
    throw new Error('../shared/corpus is not beside this clone');
  });
  return { env: { RELAY_TEST_CORPUS: folder } };
}

async function webApp(): Promise<Started> {
  await bringWebApp();
  return { env: {} };
}

/** Keeps the world that browser tests share; its parts start when a test first asks for them. */
async function world(folder: string, env: Env): Promise<Started> {
  const keeper = spawn(
    process.execPath,
    [join(ROOT, 'shared/testing/keep-world.ts'), join(folder, 'shared-world')],
    { env: { ...process.env, ...env, TMPDIR: folder }, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const ended = once(keeper, 'exit').then(([code]) => {
    throw new Error(`its keeper ended at its start (code ${code})`);
  });
  const [address] = (await Promise.race([once(keeper.stdout.setEncoding('utf8'), 'data'), ended])) as [
    string,
  ];
  const stop = async (): Promise<void> => {
    if (keeper.exitCode !== null || keeper.signalCode !== null) return;
    keeper.kill();
    await once(keeper, 'exit');
  };
  return { env: { RELAY_TEST_WORLD: address.trim() }, stop };
}

const PARTS: Readonly<Record<PartName, Part>> = {
  postgres: { what: 'PostgreSQL', variables: ['RELAY_TEST_POSTGRES_URL'], start: postgres },
  orthanc: { what: 'Orthanc, installed', variables: [], programs: [ORTHANC], start: program(ORTHANC) },
  pacs: {
    what: 'Orthanc',
    variables: ['RELAY_TEST_PACS_URL', 'RELAY_TEST_PACS_AUTHORIZATION'],
    after: ['orthanc'],
    start: pacs,
  },
  chromium: {
    what: 'Chromium',
    variables: ['RELAY_TEST_CHROMIUM', 'RELAY_TEST_HEADLESS_SHELL'],
    programs: [CHROMIUM, HEADLESS_SHELL],
    start: chromium,
  },
  firefox: {
    what: 'Firefox',
    variables: ['RELAY_TEST_FIREFOX'],
    programs: [FIREFOX],
    start: program(FIREFOX),
  },
  webkit: { what: 'WebKit', variables: ['RELAY_TEST_WEBKIT'], programs: [WEBKIT], start: program(WEBKIT) },
  readers: {
    what: 'the other readers of DICOM',
    variables: [],
    programs: [READERS],
    start: program(READERS),
  },
  nginx: { what: 'nginx', variables: [], programs: [NGINX], start: program(NGINX) },
  compiler: { what: 'a C compiler', variables: [], programs: [COMPILER], start: program(COMPILER) },
  faketime: { what: 'libfaketime', variables: [], programs: [FAKETIME], start: program(FAKETIME) },
  systemd: { what: 'systemd’s programs', variables: [], programs: [SYSTEMD], start: program(SYSTEMD) },
  caddy: { what: 'Caddy', variables: [], programs: [CADDY], start: program(CADDY) },
  containers: {
    what: 'programs for containers',
    variables: [],
    programs: [CONTAINERS],
    start: program(CONTAINERS),
  },
  namespaces: {
    what: 'programs for networks',
    variables: [],
    programs: [NAMESPACES],
    start: program(NAMESPACES),
  },
  corpus: { what: 'the corpus', variables: ['RELAY_TEST_CORPUS'], start: corpus },
  webApp: { what: 'the build of the web app', variables: [], start: webApp },
  world: {
    what: 'the shared world',
    variables: ['RELAY_TEST_WORLD'],
    after: ['orthanc', 'chromium', 'webApp'],
    start: world,
  },
};

export function createTestParts(folder: string, say: Say): TestParts {
  const missing: { what: string; why: string }[] = [];
  const seconds = new Map<string, number>();
  const stops: (() => Promise<void>)[] = [];
  const begun = new Map<PartName, Promise<Env>>();

  async function begin(name: PartName): Promise<Env> {
    const { what, variables, after = [], start } = PARTS[name];
    const before = await need(after);
    const startedAt = performance.now();
    try {
      const { env, stop } = await start(folder, before);
      if (stop) stops.push(stop);
      return { ...before, ...env };
    } catch (error) {
      missing.push({ what, why: (error as Error).message.split('\n')[0]! });
      say(`Without ${what}: ${(error as Error).message}`);
      return { ...before, ...Object.fromEntries(variables.map((variable) => [variable, ''])) };
    } finally {
      seconds.set(what, (performance.now() - startedAt) / 1000);
    }
  }

  async function install(names: readonly PartName[]): Promise<void> {
    const all = new Set(names);
    for (const name of all) for (const before of PARTS[name].after ?? []) all.add(before);
    const programs = [...all].flatMap((name) => PARTS[name].programs ?? []);
    const found = await Promise.all(programs.map(async ({ find }) => (await find()) !== null));
    const lacking = programs.filter((_, at) => !found[at]).map(({ packages }) => packages);
    if (lacking.length === 0) return;
    const outcome = await installDebianPackages({
      packages: lacking.flatMap(({ packages }) => packages),
      services: lacking.flatMap(({ services }) => services),
      purpose: lacking.map(({ purpose }) => purpose).join(', '),
    });
    if (outcome.kind === 'unavailable') say(`Not installed: ${outcome.because}`);
  }

  async function need(names: readonly PartName[]): Promise<Env> {
    const envs = names.map((name) => {
      const env = begun.get(name) ?? begin(name);
      begun.set(name, env);
      return env;
    });
    return Object.assign({}, ...(await Promise.all(envs)));
  }

  // Last started, first stopped: a part may use those before it.
  const stop = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const end of stops.toReversed()) await end().catch((error: unknown) => void failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, 'parts of the tests did not stop');
  };
  return { install, need, missing, seconds, stop };
}
