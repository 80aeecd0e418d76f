/**
 * TCP ports for the servers of tests. A port stays with the process that reserved it until that process is gone, and no
 * outgoing connection gets it, so it cannot be taken between the choice and the use.
 *
 * The mark of a reservation is a Unix socket without a file (unix(7), "abstract"): one process alone can have it, and
 * the kernel removes it with that process, however it ends. Like ports, it belongs to the network namespace.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type ListenOptions } from 'node:net';

/** Below: services that people run, and ports that browsers refuse (the Fetch standard's last one is 10080). */
const FIRST = 12_000;
/** Where the system does not tell its range for outgoing connections: IANA's (RFC 6335 §6). */
const OUTGOING = [49_152, 65_535] as const;

/** The ports that no outgoing connection gets by itself. */
async function readPorts(): Promise<{ readonly first: number; readonly count: number }> {
  const said = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() =>
    OUTGOING.join(' '),
  );
  const [lowest, highest] = said.trim().split(/\s+/).map(Number) as [number, number];
  if (lowest - FIRST > 65_535 - highest) return { first: FIRST, count: lowest - FIRST };
  return { first: highest + 1, count: 65_535 - highest };
}

/** False: another has it. `isHeld`: until this process ends, which it does not keep from ending. */
function listens(where: ListenOptions, isHeld = false): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ ...where, exclusive: true }, () => {
      if (isHeld) return resolve(Boolean(server.unref()));
      server.close(() => resolve(true));
    });
  });
}

/** False: somebody has it already. */
const reserves = async (port: number): Promise<boolean> =>
  process.platform !== 'linux' || (await listens({ path: `\0relaypacs port ${port}` }, true));

/** Whether a server could listen on it, on the loopback and on all addresses. */
export const isPortFree = async (port: number): Promise<boolean> =>
  (await listens({ port, host: '127.0.0.1' })) && (await listens({ port, host: '0.0.0.0' }));

/** Processes begin at different ports, so that one that was just left rests. */
let tried = process.pid * 13;

/** A port of the loopback for a server of this process or of its children. Throws where none is left. */
export async function reservePort(): Promise<number> {
  const { first, count } = await readPorts();
  for (let left = count; left > 0; left -= 1) {
    const port = first + (tried++ % count);
    if ((await reserves(port)) && (await isPortFree(port))) return port;
  }
  throw new Error(`No TCP port of ${count} is free.`);
}
