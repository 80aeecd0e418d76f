/**
 * `node scripts/bootstrap.js SCRIPT [ARGUMENT…]`: the only file here that runs under any Node. It brings Node
 * 24 if this one is older, the packages of the lock file that SCRIPT needs if they are missing, and for `npm start` a
 * PACS, all at the same time. Then it runs SCRIPT under Node 24.
 *
 * Promises: plain JavaScript that needs nothing installed; stdin and stdout belong to SCRIPT alone (its own
 * words go to stderr); signals and the exit code pass through; two at once do not disturb each other; what it
 * starts ends with it, but for the system's own installer, which ends what it has begun; costs three file reads when
 * there is nothing to do. Does not change the Node or npm of the machine: its downloads and what Node compiled lie in
 * `.runtime/` and `node_modules/`, and both may be deleted.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
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
const LOOK_AGAIN_MS = 200;
const START = join(ROOT, 'scripts/start.ts');
/** Scripts that need neither tests nor the tools of `check`. */
const WITHOUT_TESTS = [START, join(ROOT, 'scripts/relay.ts'), join(ROOT, 'scripts/build.ts')];
/** Secret settings, as in gateway/src/secret-settings.ts: `npm start` gets them through its channel. */
const SECRETS = ['DATABASE_URL', 'PACS_AUTHORIZATION', 'RELAY_ADMIN_PASSWORD', 'RELAY_AUDIT_URL'];
/** Node has 120 MB, the packages 400. Below this the disk counts as full. */
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

/** npm writes this file last: when it names the packages of the lock file, the installation is whole and current. */
const WHOLENESS = join(ROOT, 'node_modules/.package-lock.json');
const packagesIn = (path) => JSON.parse(readFileSync(path, 'utf8')).packages;

/** null: the packages are not known to be whole. */
function presentPackages() {
  try {
    return packagesIn(WHOLENESS);
  } catch {
    return null;
  }
}

/** `isAll`: with the packages that only tests and checks need. */
function dependenciesAreCurrent(isAll) {
  if (isOfAnother()) return false;
  try {
    const [wanted, present] = [packagesIn(join(ROOT, 'package-lock.json')), packagesIn(WHOLENESS)];
    // Most optional packages are for other machines; those of our own that fit this one are needed.
    const ours = Object.keys(wanted[''].optionalDependencies ?? {}).map((name) => `node_modules/${name}`);
    const fits = ({ os, cpu }) => os?.includes(process.platform) && cpu?.includes(process.arch);
    return Object.entries(wanted).every(([path, wants]) => {
      if (path === '') return true;
      const found = present[path];
      return found
        ? found.version === wants.version && found.integrity === wants.integrity
        : (wants.dev === true && !isAll) ||
            (wants.optional === true && !(ours.includes(path) && fits(wants)));
    });
  } catch {
    return false;
  }
}

/** Ends a child's process group when this process is gone: a shell waits for a pipe to close. */
function endWithUs(child) {
  if (process.platform === 'win32' || child.pid === undefined) return;
  const watcher = spawn(
    '/bin/sh',
    ['-c', 'read -r _; kill -s KILL -- "-$0" 2> /dev/null', String(child.pid)],
    {
      env: { PATH: process.env.PATH },
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    },
  );
  watcher.on('error', () => {});
  watcher.unref();
  watcher.stdin.unref();
  child.once('exit', () => watcher.kill('SIGKILL'));
}

/** How to end each program that is at work here. */
const ends = new Set();

/** Runs npm; everything it says goes to stderr. Resolves with its exit code and its words. */
function npm(node, parameters) {
  // npm tells its scripts where it lies; called without it, the one in PATH is taken.
  const itself = process.env.npm_execpath;
  const [program, first] =
    itself && /\.c?js$/.test(itself)
      ? [node, [itself]]
      : [process.platform === 'win32' ? 'npm.cmd' : 'npm', []];
  const env = withoutSecrets({
    ...process.env,
    PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`,
  });
  // The settings of the `npm run` around this are not meant for the installation.
  for (const name of ['npm_config_loglevel', 'npm_config_local_prefix', 'npm_config_json']) delete env[name];
  let words = '';
  const child = spawn(program, [...first, ...parameters, '--loglevel=error', '--no-fund', '--no-audit'], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: program.endsWith('.cmd'),
    detached: process.platform !== 'win32',
  });
  endWithUs(child);
  const note = (text) => (words += text);
  child.stdout.setEncoding('utf8').on('data', note);
  child.stderr.setEncoding('utf8').on('data', note);
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: 127, words: error.message }));
    child.once('close', (code, signal) => resolve({ code: code ?? 1, wasKilled: signal !== null, words }));
  });
  const end = async () => {
    try {
      process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL');
    } catch {
      // None of its processes is left, or it was never started.
    }
    await ended;
  };
  ends.add(end);
  return ended.finally(() => ends.delete(end));
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
  // Headers for compiling add-ons, which nobody does here: 67 of 190 MB.
  rmSync(join(nodeIn(unfinished), '../../include'), { recursive: true, force: true });
  rmSync(PLACE, { recursive: true, force: true });
  renameSync(unfinished, PLACE);
}

/**
 * The packages of the lock file. Those that are there stay in place, for a gateway may be running with them. No
 * package's install script is run: none is needed.
 */
async function bringDependencies(isAll) {
  say(isAll ? 'Installing the packages, with those of the tests …' : 'Installing the packages …');
  const there = presentPackages();
  const how = there === null ? ['ci'] : ['install', '--no-save'];
  const hadTests = Object.values(there ?? {}).some(({ dev }) => dev);
  const wasOfAnother = isOfAnother();
  // Without it the packages are not known to be whole; and they are not while npm is at work.
  const aside = `${WHOLENESS}.aside`;
  if (there !== null) renameSync(WHOLENESS, aside);
  if (wasOfAnother) rmSync(ONNX, { recursive: true, force: true });
  const which = isAll || hadTests ? [] : ['--omit=dev'];
  const result = await npm(process.execPath, [...how, '--ignore-scripts', ...which]);
  if (result.code !== 0) {
    // npm takes back what it has not ended: without a network, what was enough for a start still is.
    if (there !== null && !wasOfAnother && !result.wasKilled) renameSync(aside, WHOLENESS);
    throw explain('The packages', result);
  }
  rmSync(aside, { force: true });
  removeForeign();
}

const ONNX = join(ROOT, 'node_modules/onnxruntime-node');
/** Says for which system the programs of others were removed: a folder may be shared with another system. */
const KEPT_FOR = join(ONNX, 'kept-for');
const SYSTEM = `${process.platform}-${process.arch}`;
const isOfAnother = () => existsSync(KEPT_FOR) && readFileSync(KEPT_FOR, 'utf8') !== SYSTEM;

/** Removes what onnxruntime brings for other systems, and for ways to run models that are not used here: 290 MB. */
function removeForeign() {
  const modules = join(ROOT, 'node_modules');
  const own = { of: process.platform, cpu: process.arch };
  const natives = join(ONNX, 'bin/napi-v6');
  if (existsSync(ONNX)) writeFileSync(KEPT_FOR, SYSTEM);
  for (const system of namesIn(natives)) {
    const folder = join(natives, system);
    const foreign = system === own.of ? namesIn(folder).filter((cpu) => cpu !== own.cpu) : ['.'];
    for (const each of foreign) rmSync(join(folder, each), { recursive: true, force: true });
  }
  const web = join(modules, 'onnxruntime-web/dist');
  for (const name of namesIn(web))
    if (/\.(jsep|asyncify|jspi)\.wasm$|\.map$/.test(name)) rmSync(join(web, name), { force: true });
}

const namesIn = (folder) => (existsSync(folder) ? readdirSync(folder) : []);

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** A PACS for `npm start`, while npm is at work; the program says what it does, and what to do where it cannot. */
function bringPacs(node) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, [join(ROOT, 'scripts/bring-pacs.ts')], {
      stdio: ['inherit', 2, 2],
      env: withoutSecrets(process.env),
    });
    const ended = new Promise((done) => child.once('close', done));
    // It puts the machine's packages right first.
    ends.add(async (signal) => {
      if (child.kill(signal)) await ended;
    });
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Impossible('RelayPACS was not started.')),
    );
  });
}

/** When a process began, as Linux tells it (proc(5), field 22 of `stat`); elsewhere ''. */
function beganAt(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return '';
  }
}

/** Whether the process that wrote this lock is at work. Its number alone says little: containers count from 1. */
function isAlive(owner) {
  const [pid, began = ''] = owner.split(' ');
  if (!(Number(pid) > 0) || Number(pid) === process.pid) return false;
  // Some systems hide the processes of others.
  const now = beganAt(pid);
  if (now !== '' && began !== '' && now !== began) return false;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

const lockAt = (number) => join(RUNTIME, `lock-${number}`);
const lockNumbers = () =>
  namesIn(RUNTIME)
    .flatMap((name) => /^lock-(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number);

function readLock(number) {
  try {
    return readFileSync(lockAt(number), 'utf8');
  } catch {
    return '';
  }
}

/**
 * The lock with the highest number counts. Where its owner has released it or is gone, a taker adds the next number;
 * it removes lower ones only, so it cannot remove a lock that another one has just taken. Returns how to release it;
 * null: another one has it.
 */
function takeLock() {
  const last = Math.max(0, ...lockNumbers());
  if (isAlive(readLock(last))) return null;
  const mine = last + 1;
  const beside = join(RUNTIME, `lock.${process.pid}`);
  try {
    // Whole or not at all: a full disk or a kill leaves no lock that says nothing.
    writeFileSync(beside, `${process.pid} ${beganAt(process.pid)}`);
    linkSync(beside, lockAt(mine));
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return null;
  } finally {
    rmSync(beside, { force: true });
  }
  const numbers = lockNumbers();
  const isMine = Math.max(...numbers) === mine;
  const over = isMine ? numbers.filter((number) => number !== mine) : [mine];
  for (const number of over) rmSync(lockAt(number), { force: true });
  return isMine ? () => writeFileSync(lockAt(mine), '') : null;
}

/** Runs `work` while no other bootstrap does. The lock of a process that is gone is taken over. */
async function alone(work) {
  mkdirSync(RUNTIME, { recursive: true });
  let release = takeLock();
  if (release === null) say('Another RelayPACS command is installing; waiting for it …');
  for (; release === null; release = takeLock()) await after(LOOK_AGAIN_MS);
  const interrupted = async (signal) => {
    await Promise.all([...ends].map((end) => end(signal)));
    release();
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of ENDING) process.on(signal, interrupted);
  try {
    await work();
  } finally {
    for (const signal of ENDING) process.off(signal, interrupted);
    release();
  }
}

/**
 * Brings what is missing; looks again once it is alone, for another bootstrap may have brought it meanwhile.
 */
async function prepare(node, script, parameters) {
  const isAll = !WITHOUT_TESTS.includes(script);
  if (existsSync(node) && dependenciesAreCurrent(isAll)) return;
  await alone(async () => {
    const nodeIsThere = existsSync(node) ? Promise.resolve() : bringNode();
    const works = [
      nodeIsThere,
      dependenciesAreCurrent(isAll) ? undefined : bringDependencies(isAll),
      script === START && parameters.length === 0 ? nodeIsThere.then(() => bringPacs(node)) : undefined,
    ];
    // All end before the next command may begin with the same folders.
    for (const { reason } of await Promise.allSettled(works)) if (reason !== undefined) throw reason;
  });
}

const withoutSecrets = (env) =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !SECRETS.includes(name)));

/** Runs the script in our place: its streams are ours, our signals are its, its end is ours. */
function hand(node, script, parameters) {
  const env = {
    ...(script === START ? { ...withoutSecrets(process.env), SECRETS_FOLLOW: 'yes' } : process.env),
    PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`,
    // Half of a process's start is removing types and compiling; Node keeps the outcome, by content.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(RUNTIME, 'compiled'),
  };
  // A script that has to end when this process is killed notices it through the channel (start.ts).
  const stdio = ['inherit', 'inherit', 'inherit', 'ipc'];
  const child = spawn(node, [script, ...parameters], { stdio, env });
  if (script === START) {
    const secrets = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => SECRETS.includes(name)),
    );
    // A script that has ended has said why.
    child.send({ secrets }, () => {});
  }
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
  const path = resolve(script);
  await prepare(node, path, parameters);
  hand(node, path, parameters);
} catch (error) {
  const simple = {
    ENOSPC: 'The disk is full.',
    EACCES: `This user may not write in ${ROOT}.`,
    EROFS: `${ROOT} cannot be written.`,
  }[error.code];
  say(error instanceof Impossible ? error.message : (simple ?? error.stack));
  process.exitCode = 1;
}
