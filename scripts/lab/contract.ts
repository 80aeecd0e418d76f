/**
 * `npm run lab -- contract`: two foreign clients, which know nothing but `/openapi.json`, send a study to a gateway.
 * It has an Orthanc. One is TypeScript against the types that openapi-typescript makes of the document, one is Python
 * that fills in the document's examples and checks all that it sends and gets.
 *
 * The tools of the first are pinned here and lie in a folder of their own (`.runtime/contract-clients-…`):
 * openapi-typescript wants TypeScript 5, and the project has another. Exits 1 where a client does not come through.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ADMIN_PASSWORD, openSystem } from '#testing/open-system.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { ROOT } from '../check/source-files.ts';
import { installDebianPackages } from '../system/debian-packages.ts';

const run = promisify(execFile);
const VERSIONS = { 'openapi-typescript': '7.13.0', 'openapi-fetch': '0.17.0', typescript: '5.9.3' };
const TOOLS = join(ROOT, '.runtime', `contract-clients-${Object.values(VERSIONS).join('-')}`);
const TYPES = join(ROOT, 'node_modules/@types');
const FOLDER = fileURLToPath(new URL('contract/', import.meta.url));
/** Debian's own: another one in the path may lack jsonschema. */
const PYTHON = '/usr/bin/python3';
const SEED = 7301;

/** A client reads from the file which instances to send, and as whom. */
type Task = { readonly folder: string; readonly api: string; readonly file: string };

const hasJsonschema = (): Promise<boolean> =>
  run(PYTHON, ['-W', 'ignore', '-c', 'import jsonschema']).then(
    () => true,
    () => false,
  );

/** Why the Python client cannot run here; null where it can. Installs jsonschema where it may. */
export async function whyNoPython(): Promise<string | null> {
  if (await hasJsonschema()) return null;
  const packages = ['python3-jsonschema'];
  await installDebianPackages({ packages, services: [], purpose: 'jsonschema (for a client in Python)' });
  return (await hasJsonschema()) ? null : 'python3-jsonschema is not installed';
}

/** Why the TypeScript client cannot be made here; null where it can. Brings its tools, whole or not at all. */
export async function whyNoTypeScript(): Promise<string | null> {
  if (existsSync(TOOLS)) return null;
  await mkdir(join(ROOT, '.runtime'), { recursive: true });
  const aside = await mkdtemp(`${TOOLS}.`);
  const packages = Object.entries(VERSIONS).map(([name, version]) => `${name}@${version}`);
  try {
    await run('npm', [
      'install',
      '--prefix',
      aside,
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      ...packages,
    ]);
    await rename(aside, TOOLS);
    return null;
  } catch (error) {
    // Another one may have brought them meanwhile.
    return existsSync(TOOLS) ? null : `npm brought no ${packages.join(' ')}: ${(error as Error).message}`;
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** The last line that a client says. @throws Error with its words where it fails. */
async function outcomeOf(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await run(program, args, { cwd }).catch(
    (error: Error & { stdout: string; stderr: string }) => {
      throw new Error(`${error.stdout}${error.stderr}`);
    },
  );
  return stdout.trim().split('\n').at(-1) ?? '';
}

/** Types are made of the document that is served, the program is checked against them, and runs. */
async function runTypeScript({ folder, api, file }: Task): Promise<string> {
  const bin = (name: string): string => join(TOOLS, 'node_modules/.bin', name);
  await copyFile(join(FOLDER, 'client.ts.txt'), join(folder, 'client.ts'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await symlink(join(TOOLS, 'node_modules'), join(folder, 'node_modules'));
  await outcomeOf(bin('openapi-typescript'), [`${api}/openapi.json`, '-o', 'contract.ts'], folder);
  const strict = ['--strict', '--noUncheckedIndexedAccess', '--skipLibCheck', '--noEmit'];
  const modern = ['--module', 'nodenext', '--target', 'es2024', '--lib', 'es2024,dom,dom.iterable'];
  const types = ['--allowImportingTsExtensions', '--typeRoots', TYPES, '--types', 'node'];
  await outcomeOf(bin('tsc'), [...strict, ...modern, ...types, 'client.ts'], folder);
  return outcomeOf(process.execPath, ['client.ts', file], folder);
}

const runPython = ({ folder, file }: Task): Promise<string> =>
  outcomeOf(PYTHON, ['-W', 'ignore', join(FOLDER, 'client.py'), file], folder);

export const CLIENTS = {
  TypeScript: { why: whyNoTypeScript, run: runTypeScript },
  Python: { why: whyNoPython, run: runPython },
};

/** A study of its own for each client, on the disk. */
async function writeTask(folder: string, gateway: { readonly api: string }, seed: number): Promise<Task> {
  await mkdir(folder);
  const instances = syntheticStudy({ seed }).instances.map(
    ({ identifiers, transferSyntaxUID, bytes }, at) => ({
      bytes,
      said: { ...identifiers, transferSyntaxUID, file: join(folder, `${at}.dcm`) },
    }),
  );
  for (const { bytes, said } of instances) await writeFile(said.file, bytes);
  const file = join(folder, 'task.json');
  const sent = instances.map(({ said }) => said);
  const task = { api: gateway.api, username: 'admin', password: ADMIN_PASSWORD, instances: sent };
  await writeFile(file, JSON.stringify(task));
  return { folder, api: gateway.api, file };
}

/** A gateway with an Orthanc; each client sends a study of its own there. @throws Error with a client's words. */
export async function openContractWorld() {
  const system = await openSystem();
  let seed = SEED;
  return {
    async send(client: keyof typeof CLIENTS): Promise<string> {
      const task = await writeTask(join(system.folder, client), system.gateway, seed++);
      return CLIENTS[client].run(task);
    },
    close: () => system.close(),
  };
}

async function main(): Promise<number> {
  const world = await openContractWorld();
  let failed = 0;
  try {
    for (const client of ['TypeScript', 'Python'] as const) {
      const words = (await CLIENTS[client].why()) ?? null;
      const outcome = words === null ? world.send(client) : Promise.reject(new Error(words));
      await outcome.then(
        (said) => void process.stdout.write(`${client}: ${said}\n`),
        (error: Error) => {
          failed += 1;
          process.stderr.write(`${client}: ${error.message}\n`);
        },
      );
    }
  } finally {
    await world.close();
  }
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main();
