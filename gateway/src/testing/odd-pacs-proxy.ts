/**
 * A proxy before a real PACS that keeps every request, and behaves oddly on demand: searches that lag by a
 * clock of the test, that know no lists of UIDs, answers with other headers or another answer altogether.
 */
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';

export type KeptRequest = { readonly method: string; readonly path: string; readonly body: Buffer };

export type Oddities = {
  /** A search shows what was stored so long ago, by `now`. */
  lagMs: number;
  takesLists: boolean;
  /** Added to every answer, or in the place of its own. */
  headers: Readonly<Record<string, string>>;
  /** An answer in the place of the PACS's, when it comes; null: the PACS answers. */
  answer: (request: KeptRequest) => OddAnswer | null | Promise<OddAnswer | null>;
};
export type OddAnswer = { readonly status: number; readonly type: string; readonly body: string | Buffer };

export type OddPacsProxy = {
  readonly url: string;
  readonly requests: KeptRequest[];
  readonly oddities: Oddities;
  /** Restores the proxy to its start: no oddity, no request. */
  reset(): void;
  stop(): Promise<void>;
};

const EVEN: Oddities = { lagMs: 0, takesLists: true, headers: {}, answer: () => null };
const NOTHING_FOUND: OddAnswer = { status: 200, type: 'application/dicom+json', body: '[]' };

/** `target`: the DICOMweb root. */
export async function startOddPacsProxy(target: string, now: () => number): Promise<OddPacsProxy> {
  const upstream = new URL(target);
  const requests: KeptRequest[] = [];
  const oddities = { ...EVEN };
  let storedAt = Number.NEGATIVE_INFINITY;

  const oddAnswer = (request: KeptRequest): ReturnType<Oddities['answer']> => {
    const { method, path } = request;
    const isSearch = method === 'GET' && /\/(instances|studies)(\?|$)/.test(path);
    if (isSearch && now() < storedAt + oddities.lagMs) return NOTHING_FOUND;
    if (!oddities.takesLists && /SOPInstanceUID=[^&]*,/.test(path)) return NOTHING_FOUND;
    return oddities.answer(request);
  };
  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = Buffer.concat(await Array.fromAsync(incoming));
    const request = { method: incoming.method ?? '', path: incoming.url ?? '', body };
    requests.push(request);
    const isStore = body.includes('DICM');
    if (isStore) storedAt = now();
    const odd = await oddAnswer(request);
    if (odd === null) await passOn(incoming, body, { outgoing, upstream, headers: oddities.headers });
    else outgoing.writeHead(odd.status, { 'content-type': odd.type, ...oddities.headers }).end(odd.body);
    // The sender counts from the answer.
    if (isStore) storedAt = now();
  };
  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch(() => outgoing.destroy());
  });
  const port = await listenOnLoopback(server);
  return {
    url: `http://127.0.0.1:${port}${upstream.pathname}`,
    requests,
    oddities,
    reset() {
      Object.assign(oddities, EVEN);
      requests.length = 0;
      storedAt = Number.NEGATIVE_INFINITY;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

type Onward = {
  readonly outgoing: ServerResponse;
  readonly upstream: URL;
  readonly headers: Readonly<Record<string, string>>;
};

async function passOn(incoming: IncomingMessage, body: Buffer, onward: Onward): Promise<void> {
  const { connection: _hop, 'transfer-encoding': _coding, expect: _expect, ...headers } = incoming.headers;
  const { hostname: host, port } = onward.upstream;
  const { method, url: path } = incoming;
  const all = { ...headers, 'content-length': body.length };
  const request = httpRequest({ host, port, method, path, agent: false, headers: all });
  // A gateway that hangs up hangs up on the PACS too, which would keep a thread for an answer that nobody reads.
  onward.outgoing.once('close', () => request.destroy());
  request.end(body);
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  onward.outgoing.writeHead(answer.statusCode ?? 502, { ...answer.headers, ...onward.headers });
  await pipeline(answer, onward.outgoing);
}
