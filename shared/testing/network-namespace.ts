/** A network of a test's own: a namespace of the kernel with a private address and no way out. */
import { spawn, spawnSync, type ChildProcess, type SpawnOptions } from 'node:child_process';

/** Whether `unshare`, `nsenter`, `ip` and `openssl` are there; null: one is missing. */
export const findNamespacePrograms = (): true | null =>
  [
    ['unshare', '--version'],
    ['nsenter', '--version'],
    ['ip', '-V'],
    ['openssl', 'version'],
  ].every(([name, option]) => !spawnSync(name!, [option!]).error) || null;

/** Two ends of a cable; the address is on one of them. */
const setUp = (address: string): string =>
  ['ip link set lo up', 'ip link add ward type veth peer name tablet', `ip addr add ${address}/24 dev ward`]
    .concat('ip link set ward up', 'ip link set tablet up', 'exec "$@"')
    .join(' && ');

const enter = (address: string): readonly string[] => ['--net', 'sh', '-c', setUp(address), 'sh'];

/** Why there can be no namespace here; null: there can. */
export function noNamespaceBecause(): string | null {
  if (findNamespacePrograms() === null) return 'unshare, nsenter, ip or openssl is not installed';
  const tried = spawnSync('unshare', [...enter('10.77.0.5'), 'true'], { encoding: 'utf8' });
  return tried.status === 0 ? null : `no network namespace: ${tried.stderr.trim()}`;
}

/** Starts a program in a new namespace in which this machine has `address`. */
export const spawnInNamespace = (
  address: string,
  words: readonly string[],
  options: SpawnOptions,
): ChildProcess => spawn('unshare', [...enter(address), ...words], options);

/** Runs a program in the namespace of a process: what it printed. @throws Error with its words. */
export function runBeside(pid: number, words: readonly string[], env: NodeJS.ProcessEnv): string {
  const options = { env, encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync('nsenter', ['--net', `--target=${pid}`, ...words], options);
  if (status !== 0) throw new Error(`${words[0]} ended with ${status}: ${stderr}`);
  return stdout;
}
