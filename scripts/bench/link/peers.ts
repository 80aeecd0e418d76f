/**
 * Other protocols on the same link: one tus upload an instance (tus-js-client to @tus/server with its file
 * store, as they come), and one STOW-RS request an instance straight to Orthanc. Each is given what ours has:
 * standing connections, and files that were chosen before.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { Agent, createServer, request } from 'node:http';
import { setTimeout as after } from 'node:timers/promises';
import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';
import { DefaultHttpStack, Upload } from 'tus-js-client';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';

/** Sends one file. @throws Error where it did not arrive. */
type SendOne = (path: string) => Promise<void>;

export type Peer = {
  /** The port that the link has to lead to. */
  readonly port: number;
  /**
   * Sends files through the link on `port`, so many at once; returns milliseconds. The connections stand
   * before the clock starts.
   */
  send(port: number, paths: readonly string[], atOnce: number): Promise<number>;
  stop(): Promise<void>;
};

const BOUNDARY = 'bench-boundary-of-the-direct-post';
/** On a link that is cut everybody tries again, at this pace. */
const AGAIN_MS = 500;
const ATTEMPTS = 20;
const RETRY_DELAYS_MS = Array.from({ length: ATTEMPTS }, () => AGAIN_MS);

/**
 * Orthanc keeps a connection for one second: all of it counts, or each request would pay for a new
 * connection.
 */
const standing = (atOnce: number): Agent =>
  new Agent({ keepAlive: true, maxSockets: atOnce, agentKeepAliveTimeoutBuffer: 0 });

async function timeAll(paths: readonly string[], atOnce: number, sendOne: SendOne): Promise<number> {
  const waiting = paths.values();
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const path of waiting) await sendOne(path);
    }),
  );
  return performance.now() - begun;
}

/** Opens as many connections as will be used. */
async function warm(agent: Agent, port: number, atOnce: number, authorization?: string): Promise<void> {
  await Promise.all(
    Array.from({ length: atOnce }, () =>
      ask({
        agent,
        port,
        path: '/',
        method: 'OPTIONS',
        headers: authorization === undefined ? {} : { authorization },
      }),
    ),
  );
}

type Asked = {
  agent: Agent;
  port: number;
  path: string;
  method: string;
  headers: Record<string, string | number>;
  body?: Buffer;
};

/** The status of the answer; its body is read to the end. */
function ask({ body, ...options }: Asked): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', ...options }, (answer) => {
      answer
        .resume()
        .on('end', () => resolve(answer.statusCode ?? 0))
        .on('error', reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** tus as its own project runs it, one upload an instance. `folder` takes the uploads. */
export async function startPlainTus(folder: string): Promise<Peer> {
  await mkdir(folder, { recursive: true });
  const tus = new Server({
    path: '/files',
    relativeLocation: true,
    datastore: new FileStore({ directory: folder }),
  });
  const server = createServer((incoming, answer) => void tus.handle(incoming, answer));
  const port = await listenOnLoopback(server);

  return {
    port,
    async send(port, paths, atOnce) {
      const agent = standing(atOnce);
      await warm(agent, port, atOnce);
      const sendOne: SendOne = async (path) => {
        const bytes = await readFile(path);
        await new Promise<void>((resolve, reject) => {
          new Upload(bytes, {
            endpoint: `http://127.0.0.1:${port}/files`,
            httpStack: new DefaultHttpStack({ agent }),
            retryDelays: RETRY_DELAYS_MS,
            onSuccess: () => resolve(),
            onError: reject,
          }).start();
        });
      };
      return timeAll(paths, atOnce, sendOne).finally(() => agent.destroy());
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** STOW-RS (PS3.18 §10.5), one request an instance, to the Orthanc that is there. */
export function directStow({
  url,
  authorization,
}: {
  readonly url: string;
  readonly authorization: string;
}): Peer {
  const { port: ownPort, pathname } = new URL(url);
  const headers = {
    authorization,
    accept: 'application/dicom+json',
    'content-type': `multipart/related; type="application/dicom"; boundary=${BOUNDARY}`,
  };
  return {
    port: Number(ownPort),
    async send(port, paths, atOnce) {
      const agent = standing(atOnce);
      await warm(agent, port, atOnce, authorization);
      const sendOne: SendOne = async (path) => {
        const head = Buffer.from(`--${BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n`);
        const body = Buffer.concat([head, await readFile(path), Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]);
        for (let attempt = 1; ; attempt += 1) {
          const asked = {
            agent,
            port,
            path: `${pathname}/studies`,
            method: 'POST',
            headers: { ...headers, 'content-length': body.length },
            body,
          };
          const status = await ask(asked).catch((error: unknown) =>
            attempt < ATTEMPTS ? 0 : Promise.reject(error),
          );
          if (status === 200) return;
          if (status !== 0) throw new Error(`Orthanc answered ${status}`);
          await after(AGAIN_MS);
        }
      };
      return timeAll(paths, atOnce, sendOne).finally(() => agent.destroy());
    },
    stop: async () => undefined,
  };
}
