/**
 * What an earlier gateway left in the cluster: nothing after an orderly end; a file `postmaster.pid` without a process
 * after a power cut; a running server after a SIGKILL, until its watcher has ended it.
 *
 * A server whose gateway lives is never touched. It is recognised by its clients: a gateway holds a connection for as
 * long as it runs, and the system closes the connections of a killed process. A server that does not answer is
 * recognised by its parent, the gateway.
 */
import { setTimeout as after } from 'node:timers/promises';
import pg from 'pg';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { Note } from './account-files.ts';
import { asAccount } from './as-account.ts';
import type { Cluster } from './cluster.ts';
import { END, type ServerAddress, urlOf } from './server.ts';

/** A living gateway uses this folder. The message is for a person at a terminal. */
export class FolderInUse extends Error {
  constructor(folder: string, by: string) {
    super(`${folder} is in use by ${by}. Stop it first, or give this one another RELAY_DATA_DIR.`);
    this.name = 'FolderInUse';
  }
}

/**
 * How long the server is watched before its state is believed. `used`: it notices within a second that a client was
 * killed (`client_connection_check_interval`). `unused`: a gateway that has just started it connects at once.
 * `no-answer`: it may be slow on a busy machine, and ending the database of a living gateway would be worse than a
 * start that waits. `gateway-lives`: a gateway that is ending ends its server within 8 s.
 */
const BELIEVED_AFTER_MS = { used: 3_000, 'gateway-lives': 8_000, unused: 1_000, 'no-answer': 5_000 } as const;
/**
 * An orderly shutdown writes at most `shared_buffers` to the disk. After this time the server is told to end at once.
 */
const ORDERLY_WITHIN_MS = 10_000;
const GONE_WITHIN_MS = 20_000;
/**
 * An empty file is left by a power cut, or belongs to a server that is just starting. PostgreSQL refuses to start while
 * it exists.
 */
const NOTE_WRITTEN_WITHIN_MS = 1_000;
const LOOK_AGAIN_MS = 50;

/**
 * Lines of postmaster.pid (PostgreSQL, pidfile.h), counted from 1: the fourth is the port, the fifth the folder of the
 * socket.
 */
export function addressIn({ lines }: Note): ServerAddress {
  return lines[4] ? { kind: 'socket', folder: lines[4] } : { kind: 'port', port: Number(lines[3]) };
}

type Use =
  | { readonly kind: 'used' | 'gateway-lives'; readonly by: string }
  | { readonly kind: 'unused' | 'no-answer' };

/** Asks the server whether a gateway is among its clients. */
async function findUse(url: string): Promise<Use> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 2_000,
    query_timeout: 2_000,
  });
  client.on('error', () => {
    // The server may just be ending.
  });
  try {
    await client.connect();
    const { rows } = await client.query<{ clients: string; name: string }>(
      `select count(*) as clients, current_setting('cluster_name') as name
        from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
    );
    return Number(rows[0]?.clients) > 0 ? { kind: 'used', by: rows[0]?.name ?? '' } : { kind: 'unused' };
  } catch {
    return { kind: 'no-answer' };
  } finally {
    await ignoreFailure(client.end(), 'it was only a question');
  }
}

/** A server that does not answer, or has no client yet, counts as used while the gateway that started it lives. */
async function findUseOf(cluster: Cluster, note: Note): Promise<Use> {
  const use = await findUse(urlOf(cluster, addressIn(note)));
  return use.kind === 'used' || note.gateway === null
    ? use
    : { kind: 'gateway-lives', by: `relaypacs-${note.gateway}` };
}

/**
 * Asks the server to end, more firmly the longer it takes. Returns the last signal sent, or null. @throws FolderInUse
 * where a living gateway uses it.
 */
async function tellToEnd(
  cluster: Cluster,
  note: Note,
  told: NodeJS.Signals | null,
  waitedMs: number,
): Promise<NodeJS.Signals | null> {
  const tell = async (signal: NodeJS.Signals): Promise<NodeJS.Signals> => {
    await asAccount(cluster.place, 'signalServer', note.pid, signal);
    return signal;
  };
  if (told === null) {
    const use = await findUseOf(cluster, note);
    if (waitedMs <= BELIEVED_AFTER_MS[use.kind]) return null;
    if (!('by' in use)) return tell(END.fast);
    throw new FolderInUse(cluster.folder, use.by.replace('relaypacs-', 'process '));
  }
  if (told === END.fast) return waitedMs > ORDERLY_WITHIN_MS ? tell(END.immediate) : told;
  return waitedMs > GONE_WITHIN_MS ? tell('SIGKILL') : told;
}

/**
 * Returns once no server uses this cluster and no note claims one. @throws FolderInUse where a living gateway uses it.
 */
export async function endLeftover(cluster: Cluster): Promise<void> {
  const began = performance.now();
  let told: NodeJS.Signals | null = null;
  for (;;) {
    const note = await asAccount(cluster.place, 'readNote');
    if (note === null) return;
    const waitedMs = performance.now() - began;
    const isBeingWritten = note.pid === 0 && waitedMs < NOTE_WRITTEN_WITHIN_MS;
    if (!isBeingWritten) {
      if (!note.isRunning) return asAccount(cluster.place, 'removeNote');
      told = await tellToEnd(cluster, note, told, waitedMs);
    }
    await after(LOOK_AGAIN_MS);
  }
}
