/** Everything that passes on a link, kept: for small studies. The requests are read from it as HTTP/1.1. */
import type { Ear } from './balancer.ts';

export type TappedRequest = {
  readonly method: string;
  readonly url: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
};

export type HttpTap = {
  /** Listens to one connection. */
  listen(): Ear;
  /** The bytes sent and received, by connection. */
  bytes(): readonly Buffer[];
  requests(): readonly TappedRequest[];
};

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');

/** RFC 9112 §7.1. The body without its chunks' sizes, and where it ends. */
function dechunked(bytes: Buffer, from: number): { readonly body: Buffer; readonly end: number } {
  const pieces: Buffer[] = [];
  for (let at = from; ; ) {
    const line = bytes.indexOf(LINE_END, at);
    const size = line < 0 ? 0 : Number.parseInt(bytes.toString('latin1', at, line), 16);
    const start = line + LINE_END.length;
    if (!(size > 0))
      return { body: Buffer.concat(pieces), end: line < 0 ? bytes.length : start + LINE_END.length };
    pieces.push(bytes.subarray(start, start + size));
    at = start + size + LINE_END.length;
  }
}

function* requestsIn(bytes: Buffer): Generator<TappedRequest> {
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(HEAD_END, at);
    if (end < 0) return;
    const [first = '', ...lines] = bytes.toString('latin1', at, end).split('\r\n');
    const [method = '', url = ''] = first.split(' ');
    const headers = new Map(
      lines.map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1).trim(),
      ]),
    );
    const start = end + HEAD_END.length;
    const plainEnd = start + Number(headers.get('content-length') ?? 0);
    const { body, end: next } = headers.has('transfer-encoding')
      ? dechunked(bytes, start)
      : { body: bytes.subarray(start, plainEnd), end: plainEnd };
    yield { method, url, headers, body };
    at = next;
  }
}

export function createHttpTap(): HttpTap {
  const connections: { readonly up: Buffer[]; readonly down: Buffer[] }[] = [];
  return {
    listen() {
      const connection = { up: [] as Buffer[], down: [] as Buffer[] };
      connections.push(connection);
      return {
        up: (piece) => void connection.up.push(piece),
        down: (piece) => void connection.down.push(piece),
        ended: () => undefined,
      };
    },
    bytes: () => connections.flatMap(({ up, down }) => [Buffer.concat(up), Buffer.concat(down)]),
    requests: () => connections.flatMap(({ up }) => [...requestsIn(Buffer.concat(up))]),
  };
}
