/**
 * `node scripts/bootstrap.js SCRIPT [ARGUMENT…]`: the only file here that runs under any Node. It brings Node
 * 24 if this one is older, and the dependencies of the lock file if they are missing, then runs SCRIPT under
 * Node 24.
 *
 * Promises: plain JavaScript that needs nothing installed; stdin and stdout belong to SCRIPT alone (its own
 * words go to stderr); signals and the exit code pass through; two at once do not disturb each other; costs
 * two file reads when there is nothing to do. Does not change the Node or npm of the machine: its downloads
 * and what Node compiled lie in `.runtime/` and `node_modules/`, and both may be deleted.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/**
 * Exact, so that every machine runs the same one. Raise it together with `engines` in package.json when the
 * major changes.
 */
const NODE_VERSION = '24.21.0';
const OLDEST_MAJOR = 24;

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const RUNTIME = join(ROOT, '.runtime');
const PLACE = join(RUNTIME, `node-${NODE_VERSION}`);
const LOCK = join(RUNTIME, 'lock');
const LOOK_AGAIN_MS = 200;
/** Node has 190 MB, the dependencies 400. Below this the disk counts as full. */
const ROOM_BYTES = 100 * 1024 * 1024;

/** The reason why this machine cannot run the script, for a person. */
class Impossible extends Error {}

const say = (line) => process.stderr.write(`${line}\n`);

/**
 * The package that npm's `node` package installs for this machine; taken directly, so that no install script
 * has to run.
 */
function nodePackage() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const family = process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  return `${family}-${platform}-${process.arch}`;
}

function nodeIn(place) {
  return join(
    place,
    'node_modules',
    nodePackage(),
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  );
}

/** The Node that the script will run under, whether or not it is there yet. */
function chosenNode() {
  return Number(process.versions.node.split('.')[0]) >= OLDEST_MAJOR ? process.execPath : nodeIn(PLACE);
}

/**
 * npm writes node_modules/.package-lock.json last: when it names the packages of the lock file, the
 * installation is whole and current.
 */
function dependenciesAreCurrent() {
  const read = (path) => JSON.parse(readFileSync(join(ROOT, path), 'utf8')).packages;
  try {
    const [wanted, present] = [read('package-lock.json'), read('node_modules/.package-lock.json')];
    // Most optional packages are for other machines; those of our own that fit this one are needed.
    const ours = Object.keys(wanted[''].optionalDependencies ?? {}).map((name) => `node_modules/${name}`);
    const fits = ({ os, cpu }) => os?.includes(process.platform) && cpu?.includes(process.arch);
    return Object.entries(wanted).every(([path, wants]) => {
      if (path === '') return true;
      const found = present[path];
      return found
        ? found.version === wants.version && found.integrity === wants.integrity
        : wants.optional === true && !(ours.includes(path) && fits(wants));
    });
  } catch {
    return false;
  }
}

/** Runs npm; everything it says goes to stderr. Resolves with its exit code and its words. */
function npm(node, parameters) {
  // npm tells its scripts where it lies; called without it, the one in PATH is taken.
  const itself = process.env.npm_execpath;
  const [program, first] =
    itself && /\.c?js$/.test(itself)
      ? [node, [itself]]
      : [process.platform === 'win32' ? 'npm.cmd' : 'npm', []];
  const env = {
    ...process.env,
    PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`,
    ONNXRUNTIME_NODE_INSTALL: 'skip',
  };
  // The settings of the `npm run` around this are not meant for the installation.
  for (const name of ['npm_config_loglevel', 'npm_config_local_prefix', 'npm_config_json']) delete env[name];
  return new Promise((resolve) => {
    let words = '';
    const child = spawn(program, [...first, ...parameters, '--loglevel=error', '--no-fund', '--no-audit'], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: program.endsWith('.cmd'),
    });
    const note = (text) => (words += text);
    child.stdout.setEncoding('utf8').on('data', note);
    child.stderr.setEncoding('utf8').on('data', note);
    child.once('error', (error) => resolve({ code: 127, words: error.message }));
    child.once('close', (code) => resolve({ code: code ?? 1, words }));
  });
}

function explain(what, { code, words }) {
  const ends = [
    [/ENOSPC/, 'The disk is full. Make room (about 700 MB) and run the command again.'],
    [/EROFS|EACCES|EPERM/, `This user may not write in ${ROOT}. Run the command as the owner of the folder.`],
    [
      /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENETUNREACH/,
      'The npm registry cannot be reached. Check the network (npm config get registry; a proxy is set with npm config set proxy URL) and run the command again.',
    ],
    [
      /E404|ETARGET/,
      `The registry has no such package. For this machine (${process.platform}, ${process.arch}) install Node ${OLDEST_MAJOR} or newer yourself.`,
    ],
    [
      /can only install packages when your package\.json and package-lock\.json/,
      'package.json and package-lock.json differ. Run `npm install` and commit both.',
    ],
  ];
  const next =
    code === 127
      ? 'npm was not found. Install npm, which comes with Node.'
      : ends.find(([pattern]) => pattern.test(words))?.[1];
  return new Impossible(
    `${what} could not be installed. ${next ?? 'npm says:'}\n${words.trim().split('\n').slice(-6).join('\n')}`,
  );
}

async function bringNode() {
  const unfinished = `${PLACE}.unfinished`;
  say(
    `RelayPACS needs Node ${OLDEST_MAJOR}; this is ${process.versions.node}. Bringing Node ${NODE_VERSION} into .runtime/ …`,
  );
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const result = await npm(process.execPath, [
    'install',
    '--prefix',
    unfinished,
    '--no-save',
    '--no-package-lock',
    '--ignore-scripts',
    `${nodePackage()}@${NODE_VERSION}`,
  ]);
  if (result.code !== 0) throw explain(`Node ${NODE_VERSION}`, result);
  // npm may report success although the disk was full, and there are systems that no published Node runs on.
  const told = spawnSync(nodeIn(unfinished), ['--version'], { encoding: 'utf8' });
  if (told.stdout?.trim() !== `v${NODE_VERSION}`) {
    const { bavail, bsize } = statfsSync(RUNTIME);
    rmSync(unfinished, { recursive: true, force: true });
    throw explain(`Node ${NODE_VERSION}`, {
      code: 1,
      words: bavail * bsize < ROOM_BYTES ? 'ENOSPC' : `E404 ${told.error?.message ?? told.stderr}`,
    });
  }
  rmSync(PLACE, { recursive: true, force: true });
  renameSync(unfinished, PLACE);
}

async function bringDependencies(node) {
  say('Installing the dependencies of the lock file …');
  const result = await npm(node, ['ci']);
  if (result.code !== 0) throw explain('The dependencies', result);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Runs `work` while no other bootstrap does. The lock of a process that is gone is taken over. */
async function alone(work) {
  mkdirSync(RUNTIME, { recursive: true });
  for (let told = false; ; ) {
    try {
      writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const owner = Number(existsSync(LOCK) ? readFileSync(LOCK, 'utf8') : 0);
    // Moved aside first: of two that find the same dead owner, one succeeds and the other looks again.
    if (owner > 0 && !isAlive(owner)) {
      const aside = `${LOCK}.${process.pid}`;
      try {
        renameSync(LOCK, aside);
        rmSync(aside);
      } catch {
        /* another one was first */
      }
      continue;
    }
    if (!told) say('Another RelayPACS command is installing; waiting for it …');
    told = true;
    await after(LOOK_AGAIN_MS);
  }
  const release = () => rmSync(LOCK, { force: true });
  const interrupted = (signal) => {
    release();
    process.exit(128 + constants.signals[signal]);
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    await work();
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    release();
  }
}

/**
 * Brings what is missing; looks again once it is alone, for another bootstrap may have brought it meanwhile.
 */
async function prepare(node) {
  const isReady = () => existsSync(node) && dependenciesAreCurrent();
  if (isReady()) return;
  await alone(async () => {
    if (!existsSync(node)) await bringNode();
    if (!dependenciesAreCurrent()) await bringDependencies(node);
  });
}

/** Runs the script in our place: its streams are ours, our signals are its, its end is ours. */
function hand(node, script, parameters) {
  const env = {
    ...process.env,
    PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`,
    // Half of a process's start is removing types and compiling; Node keeps the outcome, by content.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(RUNTIME, 'compiled'),
  };
  // A script that has to end when this process is killed notices it through the channel (start.ts).
  const stdio = ['inherit', 'inherit', 'inherit', 'ipc'];
  const child = spawn(node, [script, ...parameters], { stdio, env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) {
    process.on(signal, () => child.kill(signal));
  }
  // npm hands signals to its shell and no further, and a killed npm hands on none. `exec` in package.json
  // takes the shell away; this sees npm go.
  const parent = process.ppid;
  const watch =
    process.env.npm_lifecycle_event &&
    setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(watch);
      child.kill('SIGTERM');
    }, LOOK_AGAIN_MS);
  child.once('error', (error) => {
    say(
      `Node ${NODE_VERSION} does not run on this machine (${error.message}). Install Node ${OLDEST_MAJOR} or newer yourself.`,
    );
    process.exit(1);
  });
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

const [script, ...parameters] = process.argv.slice(2);
try {
  if (script === undefined) throw new Impossible('Usage: node scripts/bootstrap.js SCRIPT [ARGUMENT…]');
  const node = chosenNode();
  await prepare(node);
  hand(node, script, parameters);
} catch (error) {
  const simple = {
    ENOSPC: 'The disk is full.',
    EACCES: `This user may not write in ${ROOT}.`,
    EROFS: `${ROOT} cannot be written.`,
  }[error.code];
  say(error instanceof Impossible ? error.message : (simple ?? error.stack));
  process.exitCode = 1;
}
