/** TCP ports of the loopback: one for a server of a test, and who holds one that is taken. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { basename, join } from 'node:path';
import { isPortFree, reservePort } from './reserve-port.ts';

/** A port on which nobody listens, and that nobody else is given while this process lives. */
export const freePort = (): Promise<number> => reservePort();

/** Addresses by which other machines may call this one, without link-local ones. */
export const outerAddresses = (): readonly string[] =>
  Object.values(networkInterfaces())
    .flatMap((all = []) => all.filter(({ family, internal }) => family === 'IPv4' && !internal))
    .flatMap(({ address }) => (address.startsWith('169.254.') ? [] : [address]));

/** An address of this machine answers at once, unless a firewall is before it. */
const OWN_ANSWER_MS = 2_000;

export const doesOpen = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, signal: AbortSignal.timeout(OWN_ANSWER_MS) });
    const end = (isOpen: boolean) => (): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', end(true)).once('error', end(false));
  });

/** Whether a server listens there on more than the loopback. A firewall before other machines is not seen from here. */
export const listensOnAllAddresses = async (port: number): Promise<boolean> =>
  (await Promise.all(outerAddresses().map((address) => doesOpen(address, port)))).includes(true);

/** The state column of /proc/net/tcp for a listening socket (Linux, include/net/tcp_states.h: TCP_LISTEN). */
const LISTENING = '0A';

async function listeningSockets(port: number): Promise<Set<string>> {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(table, 'utf8').catch(() => '');
    for (const line of text.split('\n').slice(1)) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      if (local?.endsWith(`:${hexPort}`) && state === LISTENING && inode) inodes.add(`socket:[${inode}]`);
    }
  }
  return inodes;
}

/** Everything that a process has open. */
async function socketsOf(pid: number | string): Promise<Set<string>> {
  const folder = `/proc/${pid}/fd`;
  const descriptors = await readdir(folder).catch(() => []);
  return new Set(await Promise.all(descriptors.map((one) => readlink(join(folder, one)).catch(() => ''))));
}

/**
 * The process that listens on a port, as far as this user may see it; null when it is not known (another
 * user's, or not Linux).
 */
async function portOwner(port: number): Promise<{ pid: number; name: string } | null> {
  const sockets = await listeningSockets(port);
  if (sockets.size === 0) return null;
  for (const entry of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(entry)) continue;
    if ((await socketsOf(entry)).isDisjointFrom(sockets)) continue;
    const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    return { pid: Number(entry), name: basename(command.split('\0')[0]!) };
  }
  return null;
}

/**
 * Whether this process alone listens on the port. Elsewhere than on Linux nobody can tell, and it counts as if it did.
 * @throws Error where another one does: also beside it, for the loopback may be the other's.
 */
export async function holdsPort(pid: number, port: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const sockets = await listeningSockets(port);
  const held = await socketsOf(pid);
  if ([...sockets].some((socket) => !held.has(socket)))
    throw new Error(`Another program listens on port ${port}, which was meant for this one.`);
  return sockets.size > 0;
}

/**
 * The message for a person whose port is taken; null when it is free. `setting` is the variable that chooses it.
 */
export async function whyPortIsTaken(port: number, setting: string): Promise<string | null> {
  if (await isPortFree(port)) return null;
  const owner = await portOwner(port);
  const by = owner ? `${owner.name}, process ${owner.pid}` : 'another program';
  return `Port ${port} is in use by ${by}. Stop it, or choose another port: ${setting}=${port + 1} npm start`;
}
