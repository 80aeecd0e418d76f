/**
 * The device of a bench: `relay upload` in a process of its own, by the product's own code, with an ear at
 * `fetch`. Tells the process that forked it when each request began and was answered; the clock of *Send*
 * starts where the command line has signed in and knows the policies, as the page does before anybody presses
 * the button: on a warm connection, and with code that has run before. As in the page the files are read and
 * digested meanwhile, for they travel as they are.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { ingestFile } from '#shared/ingest/ingest-file.ts';
import { upload } from '../../relay/upload.ts';

export type TracedRequest = {
  readonly method: string;
  /** Without query; identifiers as `{id}`. */
  readonly route: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly beganAt: number;
  readonly answeredAt: number;
  /** 0: no answer. */
  readonly status: number;
  /** The parcel that a tus creation announced, under the name that the device gave it. */
  readonly parcel: { readonly name: string; readonly bytes: number } | null;
};

export type Sending = {
  readonly sentAt: number;
  readonly requests: readonly TracedRequest[];
  /** Processor time of the device since *Send*, all threads. */
  readonly cpuMs: number;
};

/**
 * Sends a folder to the gateway at that URL and returns the trace. @throws Error with what the command line
 * said.
 */
export async function sendFromDevice(
  gateway: string,
  password: string,
  folder: string,
  coding: 'on' | 'off',
): Promise<Sending> {
  const args = [folder, '--gateway', gateway, '--user', 'admin', '--policy', 'identified', '--json'];
  const env = { ...process.env, RELAY_PASSWORD: password, RELAY_CODING: coding };
  const child = fork(fileURLToPath(import.meta.url), args, {
    env,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr!.on('data', (piece) => (said += piece));
  let sending: Sending | null = null;
  child.on('message', (message) => (sending = message as Sending));
  const [code] = await once(child, 'exit');
  if (code !== 0 || sending === null) throw new Error(`the device ended with ${code}: ${said}`);
  return sending;
}

/** Bytes of all parcels, each once however often it was announced. */
export function uniqueBytes({ requests }: Sending): number {
  const parcels = new Map(
    requests.flatMap(({ parcel }) => (parcel === null ? [] : [[parcel.name, parcel.bytes] as const])),
  );
  return [...parcels.values()].reduce((sum, bytes) => sum + bytes, 0);
}

const now = (): number => performance.timeOrigin + performance.now();

/** The fixed words of routes; anything else is an identifier. */
const WORDS = new Set([
  '',
  'auth',
  'login',
  'refresh',
  'upload',
  'init',
  'policy',
  'files',
  'complete',
  'status',
  'receipt',
  'events',
]);

const routeOf = (url: string): string =>
  new URL(url).pathname
    .split('/')
    .map((part) => (WORDS.has(part) ? part : '{id}'))
    .join('/');

function sizeOf(body: unknown): number {
  if (typeof body === 'string') return Buffer.byteLength(body);
  return body instanceof Uint8Array ? body.byteLength : body instanceof Blob ? body.size : 0;
}

function parcelOf(init: RequestInit | undefined): TracedRequest['parcel'] {
  const headers = new Headers(init?.headers);
  const name = headers.get('upload-metadata');
  const length = headers.get('upload-length');
  return name === null || length === null ? null : { name, bytes: Number(length) };
}

/** The answers so far; the clock starts at the answer that names the policies. */
type Heard = { sentAt: number; cpuAtSend: NodeJS.CpuUsage; readonly requests: TracedRequest[] };

/** `fetch` that notes each request. */
function listening(real: typeof fetch, heard: Heard): typeof fetch {
  return async (input, init) => {
    const beganAt = now();
    const route = routeOf(String(input));
    const note = (status: number): void => {
      heard.requests.push({
        method: init?.method ?? 'GET',
        route,
        bytes: sizeOf(init?.body),
        beganAt,
        answeredAt: now(),
        status,
        parcel: parcelOf(init),
      });
      if (route.endsWith('/upload/policy'))
        Object.assign(heard, { sentAt: now(), cpuAtSend: process.cpuUsage() });
    };
    try {
      const response = await real(input, init);
      note(response.status);
      return response;
    } catch (error) {
      note(0);
      throw error;
    }
  };
}

/** Files of no study that is sent. */
async function warmUp(): Promise<void> {
  const { instances } = syntheticStudy({ seed: 1, instancesPerSeries: 40 });
  for (const { bytes } of instances)
    await ingestFile(new Blob([bytes]), { policy: { kind: 'identified' }, inFolder: true });
}

if (import.meta.main) {
  await warmUp();
  const heard: Heard = { sentAt: 0, cpuAtSend: process.cpuUsage(), requests: [] };
  globalThis.fetch = listening(globalThis.fetch, heard);
  process.exitCode = await upload(process.argv.slice(2), {
    env: process.env,
    signal: new AbortController().signal,
    print: () => undefined,
    say: (line) => void process.stderr.write(`${line}\n`),
  });
  const { user, system } = process.cpuUsage(heard.cpuAtSend);
  const sending: Sending = {
    sentAt: heard.sentAt,
    requests: heard.requests,
    cpuMs: Math.round((user + system) / 1000),
  };
  process.send!(sending, undefined, undefined, () => process.disconnect?.());
}
