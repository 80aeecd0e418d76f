/**
 * TCP ports of the loopback: which one is free, and who holds one that is not.
 *
 * A port that was free a moment ago may be taken in the next: callers that start a server on one must still
 * expect `EADDRINUSE`.
 */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';

function listenOnce(port: number, host: string): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen({ port, host, exclusive: true }, () => {
      const { port: taken } = server.address() as AddressInfo;
      server.close(() => resolve(taken));
    });
  });
}

/** A port that nobody listens on. Throws when the machine gives none. */
export async function freePort(): Promise<number> {
  const port = await listenOnce(0, '127.0.0.1');
  if (port === null) throw new Error('No free TCP port on the loopback.');
  return port;
}

/** Whether a server could listen on it, on the loopback and on all addresses. */
async function isPortFree(port: number): Promise<boolean> {
  return (await listenOnce(port, '127.0.0.1')) !== null && (await listenOnce(port, '0.0.0.0')) !== null;
}

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

/**
 * The process that listens on a port, as far as this user may see it; null when it is not known (another
 * user's, or not Linux).
 */
async function portOwner(port: number): Promise<{ pid: number; name: string } | null> {
  const sockets = await listeningSockets(port);
  if (sockets.size === 0) return null;
  for (const entry of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(entry)) continue;
    for (const descriptor of await readdir(`/proc/${entry}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${entry}/fd/${descriptor}`).catch(() => '');
      if (!sockets.has(target)) continue;
      const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
      return { pid: Number(entry), name: basename(command.split('\0')[0]!) };
    }
  }
  return null;
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
