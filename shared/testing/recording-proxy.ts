/**
 * A proxy before a real PACS that counts what was posted, instance by instance, and can hold requests back,
 * so that a test can kill the gateway while exactly one of its stages has work in flight.
 *
 * It passes every byte on unchanged and answers with what the PACS answered. It counts an instance when its
 * request has been passed on whole: an instance cut on the way was not posted.
 */
import { createServer, request as httpRequest } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listenOnLoopback } from './listen-on-loopback.ts';

/** The purpose of a request, for tests that want to stop it. */
export type PacsRequestKind = 'store' | 'search' | 'read-back' | 'other';

export type RecordingProxy = {
  /** The DICOMweb root behind the proxy. */
  readonly url: string;
  /** How often each SOP Instance UID reached the PACS in a whole request. */
  readonly posted: ReadonlyMap<string, number>;
  /** Requests of each kind so far. */
  readonly seen: Readonly<Record<PacsRequestKind, number>>;
  /**
   * The next request of this kind waits: `reached` says that it has come, `release` lets it and all others
   * pass.
   */
  hold(kind: PacsRequestKind): { readonly reached: Promise<void>; release(): void };
  stop(): Promise<void>;
};

/** PS3.10 §7.1: (0002,0003) Media Storage SOP Instance UID, VR UI, in explicit VR little endian. */
const MEDIA_STORAGE_SOP_INSTANCE_UID = Buffer.from([0x02, 0x00, 0x03, 0x00, 0x55, 0x49]);
/** The UID stands in the first bytes of a part: 128 of preamble, the magic, a few elements before it. */
const META_WITHIN_BYTES = 1024;
const MAGIC = Buffer.from('DICM');

function kindOf(incoming: IncomingMessage): PacsRequestKind {
  const path = (incoming.url ?? '').split('?')[0]!;
  if (incoming.method === 'POST') return 'store';
  if (/\/instances\/[0-9.]+/.test(path)) return 'read-back';
  return /\/instances$/.test(path) ? 'search' : 'other';
}

/** The SOP Instance UIDs of the Part 10 files in a body, be it a multipart store request or one lone file. */
export function instancesIn(body: Buffer): string[] {
  const uids: string[] = [];
  for (let at = body.indexOf(MAGIC); at >= 0; at = body.indexOf(MAGIC, at + MAGIC.length)) {
    const meta = body.subarray(at, at + META_WITHIN_BYTES);
    const found = meta.indexOf(MEDIA_STORAGE_SOP_INSTANCE_UID);
    if (found < 0) continue;
    const length = meta.readUInt16LE(found + 6);
    uids.push(meta.toString('latin1', found + 8, found + 8 + length).replace(/\0+$/, ''));
  }
  return uids;
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** Passes a request on to the PACS and its answer back; resolves when both are through. */
async function passOn(
  incoming: IncomingMessage,
  body: Buffer,
  outgoing: ServerResponse,
  upstream: URL,
): Promise<void> {
  const { connection: _hop, 'transfer-encoding': _coding, ...headers } = incoming.headers;
  const options = {
    host: upstream.hostname,
    port: upstream.port,
    method: incoming.method,
    path: incoming.url,
    headers: { ...headers, host: upstream.host, 'content-length': body.length },
  };
  await new Promise<void>((resolve) => {
    const onward = httpRequest(options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
      answer.on('end', resolve);
    });
    onward.on('error', () => {
      // The PACS is down: the caller sees what it would see without the proxy, a connection that breaks.
      outgoing.destroy();
      resolve();
    });
    onward.end(body);
  });
}

type Hold = { reach(): void; readonly released: Promise<void> };

/** Requests of one kind wait until they are released. */
function addHold(
  holds: Map<PacsRequestKind, Hold>,
  kind: PacsRequestKind,
): ReturnType<RecordingProxy['hold']> {
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  holds.set(kind, { reach: reached.resolve, released: released.promise });
  return {
    reached: reached.promise,
    release() {
      holds.delete(kind);
      released.resolve();
    },
  };
}

/**
 * Starts the proxy before `target` (a DICOMweb root) on a free port of the loopback. Bodies are kept in
 * memory: for small studies.
 */
export async function startRecordingProxy(target: string): Promise<RecordingProxy> {
  const upstream = new URL(target);
  const posted = new Map<string, number>();
  const seen: Record<PacsRequestKind, number> = { store: 0, search: 0, 'read-back': 0, other: 0 };
  const holds = new Map<PacsRequestKind, Hold>();

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await bodyOf(incoming);
    const kind = kindOf(incoming);
    seen[kind] += 1;
    const held = holds.get(kind);
    if (held) {
      held.reach();
      await held.released;
      // The caller may have been killed while it waited: then nothing of it reaches the PACS.
      if (outgoing.destroyed || incoming.socket.destroyed) return;
    }
    if (kind === 'store') for (const uid of instancesIn(body)) posted.set(uid, (posted.get(uid) ?? 0) + 1);
    await passOn(incoming, body, outgoing, upstream);
  }

  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch(() => outgoing.destroy());
  });
  const port = await listenOnLoopback(server);
  return {
    url: `http://127.0.0.1:${port}${upstream.pathname.replace(/\/$/, '')}`,
    posted,
    seen,
    hold: (kind) => addHold(holds, kind),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
