/**
 * The one connection to PostgreSQL by which a gateway is known to the others. Its advisory locks depend on this
 * connection and end with it, and the messages between gateways come through it (LISTEN/NOTIFY). It is kept for as long
 * as the gateway runs, and opened again whenever it is lost.
 *
 * It promises that a listener which is told `lost` no longer holds any lock, and may have missed messages until `back`.
 * It does not promise that a message arrives: a message is a reason to look, and each listener also looks after `back`.
 */
import { Socket } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import pg from 'pg';
import { ignoreFailure } from '#shared/ignore-failure.ts';

export type StandingConnection = {
  /**
   * Runs a statement; if the connection is lost, waits until it is back. Throws when the connection is lost while the
   * statement runs, or closed for good.
   */
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** `heard` gets every message, in the same order as all other gateways. `isOwn`: this gateway sent it. */
  listen(channel: string, heard: (message: string, isOwn: boolean) => void): Promise<void>;
  on(what: 'lost' | 'back', listener: () => void): void;
  close(): Promise<void>;
};

/**
 * How soon the server frees the locks of a machine that vanished: after 10 s of silence, and three probes 5 s apart.
 * Linux' own default is two hours. Set for each connection, because the server's settings are not ours.
 */
export const NOTICE_DEATH =
  'set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3; set tcp_user_timeout = 25000';
/** The same from this side: a server that does not answer for this long is gone. */
const ASK_EVERY_MS = 10_000;
/** After a restart the server is back within seconds. It is tried at once, then less often. */
const RETRY_MS = { first: 100, most: 5_000 } as const;

type Heard = (message: string, isOwn: boolean) => void;
/** The listeners of each channel. */
type Channels = ReadonlyMap<string, readonly Heard[]>;

/** One life of the connection. It takes one statement at a time; `ask` queues them. */
type Line = {
  ask<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<pg.QueryResult<Row>>;
  end(): Promise<void>;
};

type LineOptions = {
  readonly url: string;
  readonly channels: Channels;
  /** Called once, when an open line has ended, for whatever reason. */
  lose(): void;
};

/**
 * Runs one statement after the other. A failure means that the connection is lost, because our statements do not fail
 * otherwise.
 */
function askInTurn(client: pg.Client, socket: Socket): Line['ask'] {
  let last: Promise<unknown> = Promise.resolve();
  return <Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) => {
    const asked = last.then(() => client.query<Row>(text, [...values]));
    last = asked.catch(() => socket.destroy());
    return asked;
  };
}

/** Connects, and listens on every channel. Throws when the server cannot be reached. */
async function openLine({ url, channels, lose }: LineOptions): Promise<Line> {
  const socket = new Socket();
  const client = new pg.Client({
    connectionString: url,
    application_name: 'relaypacs',
    query_timeout: ASK_EVERY_MS,
    stream: () => socket,
  });
  const ask = askInTurn(client, socket);
  let isUp = false;
  let own = 0;
  const pulse = setInterval(
    () => void ignoreFailure(ask('select 1'), 'the loss is heard as the end of the connection'),
    ASK_EVERY_MS,
  ).unref();
  const ended = (): void => {
    clearInterval(pulse);
    socket.destroy();
    if (isUp) lose();
    isUp = false;
  };
  client.on('error', ended).on('end', ended);
  client.on('notification', ({ channel, payload, processId }) => {
    for (const heard of channels.get(channel) ?? []) heard(payload ?? '', processId === own);
  });
  try {
    await client.connect();
    await ask(NOTICE_DEATH);
    own = (await ask<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid ?? 0;
    for (const channel of channels.keys()) await ask(`listen ${channel}`);
  } catch (error) {
    ended();
    throw error;
  }
  isUp = true;
  return { ask, end: () => client.end() };
}

/** Throws when the server cannot be reached now. If it is lost later, it is waited for. */
export async function openStandingConnection(url: string): Promise<StandingConnection> {
  const listeners = { lost: new Set<() => void>(), back: new Set<() => void>() };
  const channels = new Map<string, Heard[]>();
  const closing = new AbortController();
  const options: LineOptions = { url, channels, lose };
  let current = openLine(options);

  function lose(): void {
    if (closing.signal.aborted) return;
    current = reopen();
    void ignoreFailure(current, 'it fails only once it is closed for good');
    for (const listener of listeners.lost) listener();
  }

  async function reopen(): Promise<Line> {
    for (let wait: number = RETRY_MS.first; ; wait = Math.min(RETRY_MS.most, wait * 2)) {
      await after(wait, undefined, { signal: closing.signal });
      const line = await openLine(options).catch(() => null);
      if (line === null) continue;
      for (const listener of listeners.back) listener();
      return line;
    }
  }

  await current;
  return {
    async query<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) {
      const { ask } = await current;
      return (await ask<Row>(text, values)).rows;
    },
    async listen(channel, heard) {
      const before = channels.get(channel) ?? [];
      channels.set(channel, [...before, heard]);
      if (before.length === 0) await (await current).ask(`listen ${channel}`);
    },
    on: (what, listener) => void listeners[what].add(listener),
    async close() {
      closing.abort();
      const line = await current.catch(() => null);
      if (line !== null) await ignoreFailure(line.end(), 'it was lost at this moment');
    },
  };
}
