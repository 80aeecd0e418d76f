/**
 * Counts the bytes of an upload that travel more than once, and why, by listening on the connections to the
 * gateways. Each byte of a parcel has its place (tus: `Upload-Offset` and the length of the body); a second
 * byte for the same place was sent again, and the fate of the request that carried the first one says why.
 *
 * Reads HTTP/1.1 heads and counts bodies; keeps no body. A parcel whose creation carried bytes is known under
 * the device's name for it, which the answer's `Location` joins with the gateway's. Bytes outside parcels
 * (heads, manifests, questions) are overhead.
 */
import type { Ear, EndedBy } from './balancer.ts';

/** A request whose bytes of a parcel came again, at least in part. */
export type SentAgain = {
  readonly parcel: string;
  readonly method: 'POST' | 'PATCH';
  readonly from: number;
  /** The bytes of its body that came, and those of them that came again with later requests. */
  readonly bytes: number;
  readonly again: number;
  readonly status: number | null;
  readonly offset: number | null;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly why: string;
};

export type UploadBytes = {
  /** Listens to one connection between a device and a gateway. */
  listen(): Ear;
  /** `again`: bytes by why they were sent again. */
  counts(): {
    readonly up: number;
    readonly inParcels: number;
    readonly unique: number;
    readonly again: Readonly<Record<string, number>>;
  };
  sentAgain(): readonly SentAgain[];
};

/** A request with a body, and its fate. */
type Carrier = {
  readonly parcel: string;
  readonly method: 'POST' | 'PATCH';
  readonly from: number;
  readonly at: number;
  bytes: number;
  again: number;
  status: number | null;
  /** After a success, the offset of the parcel. */
  offset: number | null;
  ended: string | null;
};

/** Half-open ranges of a parcel, disjoint and ascending, each with its last carrier. */
export type Ranges<T> = [from: number, to: number, by: T][];

const HEAD_END = '\r\n\r\n';
/** No head is that large; more bytes are something else, such as the rest of a body joined in its middle. */
const HEAD_BYTES_LIMIT = 64 * 1024;
const LOCATION = /\r\nlocation: *\S*?files\/([\w-]+)/i;
const STATUS = /^HTTP\/1\.1 (\d{3})/;

/** Lays a range over the others. `had` is told of each piece that was there before, and its carrier. */
export function addRange<T>(
  ranges: Ranges<T>,
  [from, to, by]: Ranges<T>[number],
  had: (bytes: number, by: T) => void,
): void {
  const after: Ranges<T> = [];
  let low = from;
  let high = to;
  for (const [a, b, other] of ranges) {
    if (b < from || a > to) {
      after.push([a, b, other]);
      continue;
    }
    const common = Math.min(b, to) - Math.max(a, from);
    if (common > 0) had(common, other);
    if (other === by) {
      low = Math.min(low, a);
      high = Math.max(high, b);
    } else {
      if (a < from) after.push([a, from, other]);
      if (b > to) after.push([to, b, other]);
    }
  }
  after.push([low, high, by]);
  ranges.splice(0, ranges.length, ...after.sort((one, other) => one[0] - other[0]));
}

const field = (head: string, name: string): string | null =>
  new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i').exec(head)?.[1] ?? null;

type Place = { readonly parcel: string; readonly method: 'POST' | 'PATCH'; readonly at: number };

/** The parcel of a request's body and its offset; null for other requests. */
function placeOf(head: string): Place | null {
  const [method, path] = head.split(' ', 2);
  const id = /\/upload\/files\/([\w-]+)/.exec(path ?? '')?.[1];
  if (method === 'PATCH' && id !== undefined)
    return { parcel: id, method, at: Number(field(head, 'upload-offset') ?? 0) };
  const name = /(?:^|,) *parcel +([^,\s]+)/.exec(field(head, 'upload-metadata') ?? '')?.[1];
  return method === 'POST' && name !== undefined ? { parcel: name, method, at: 0 } : null;
}

/** The fate of a request, in the words of the verdict. */
function fateOf({ status, offset, from, bytes, ended }: Carrier): string {
  if (status === null) return ended ?? 'still open';
  if (status >= 300) return `answered ${status}`;
  return offset !== null && offset < from + bytes ? 'taken in part' : 'taken';
}

type Counting = {
  readonly counts: { up: number; inParcels: number; unique: number };
  readonly parcels: Map<string, Ranges<Carrier>>;
  /** The gateway's id of a parcel → the device's name for it. */
  readonly names: Map<string, string>;
  readonly blamed: Set<Carrier>;
  readonly now: () => number;
  readonly nameEnd: (by: EndedBy) => string;
};

/** `nameEnd` says why a connection ended over a request without an answer, at the moment when it ends. */
export function createUploadBytes(
  nameEnd: (by: EndedBy) => string = (by) => by,
  now: () => number = Date.now,
): UploadBytes {
  const counts = { up: 0, inParcels: 0, unique: 0 };
  const blamed = new Set<Carrier>();
  const counting: Counting = { counts, parcels: new Map(), names: new Map(), blamed, now, nameEnd };
  return {
    counts() {
      const again: Record<string, number> = {};
      for (const carrier of blamed) again[fateOf(carrier)] = (again[fateOf(carrier)] ?? 0) + carrier.again;
      return { ...counts, again };
    },
    sentAgain: () => [...blamed].map((carrier) => ({ ...carrier, why: fateOf(carrier) })),
    listen: () => new Connection(counting),
  };
}

function note({ counts, parcels, names, blamed }: Counting, carrier: Carrier, bytes: number): void {
  const name = names.get(carrier.parcel) ?? carrier.parcel;
  const ranges = parcels.get(name) ?? [];
  parcels.set(name, ranges);
  const at = carrier.from + carrier.bytes;
  counts.inParcels += bytes;
  counts.unique += bytes;
  carrier.bytes += bytes;
  addRange(ranges, [at, at + bytes, carrier], (had, before) => {
    counts.unique -= had;
    before.again += had;
    blamed.add(before);
  });
}

/** The ear on one connection: follows its requests, one after the other. */
class Connection implements Ear {
  readonly #counting: Counting;
  #head = '';
  #body: { left: number; readonly carrier: Carrier | null } | null = null;
  #asked: Carrier | null = null;
  #answer = '';

  constructor(counting: Counting) {
    this.#counting = counting;
  }

  up(piece: Buffer): void {
    this.#counting.counts.up += piece.length;
    for (let rest = piece; rest.length > 0; ) {
      if (this.#body === null || this.#body.left === 0) {
        rest = this.#takeHead(rest);
        continue;
      }
      const bytes = Math.min(rest.length, this.#body.left);
      if (this.#body.carrier) note(this.#counting, this.#body.carrier, bytes);
      this.#body.left -= bytes;
      rest = rest.subarray(bytes);
    }
  }

  down(piece: Buffer): void {
    const asked = this.#asked;
    if (asked === null || asked.status !== null) return;
    this.#answer = (this.#answer + piece.toString('latin1')).slice(0, HEAD_BYTES_LIMIT);
    if (!this.#answer.includes(HEAD_END)) return;
    asked.status = Number(STATUS.exec(this.#answer)?.[1] ?? 0);
    const offset = field(this.#answer, 'upload-offset');
    asked.offset = offset === null ? null : Number(offset);
    const id = LOCATION.exec(this.#answer)?.[1];
    if (id !== undefined && asked.method === 'POST') this.#counting.names.set(id, asked.parcel);
  }

  ended(by: EndedBy): void {
    if (this.#asked !== null && this.#asked.status === null) this.#asked.ended ??= this.#counting.nameEnd(by);
  }

  /** Returns the rest of the piece after the head. */
  #takeHead(piece: Buffer): Buffer {
    const before = this.#head.length;
    this.#head += piece.toString('latin1');
    const end = this.#head.indexOf(HEAD_END);
    if (end < 0) {
      if (this.#head.length > HEAD_BYTES_LIMIT) this.#body = { left: Infinity, carrier: null };
      return Buffer.alloc(0);
    }
    const whole = this.#head.slice(0, end);
    this.#head = '';
    this.#asked = carrierOf(whole, this.#counting.now());
    this.#answer = '';
    const isChunked = field(whole, 'transfer-encoding') !== null;
    const left = isChunked ? Infinity : Number(field(whole, 'content-length') ?? 0);
    this.#body = { left, carrier: this.#asked };
    return piece.subarray(end + HEAD_END.length - before);
  }
}

function carrierOf(head: string, at: number): Carrier | null {
  const place = placeOf(head);
  return (
    place && {
      parcel: place.parcel,
      method: place.method,
      from: place.at,
      at,
      bytes: 0,
      again: 0,
      status: null,
      offset: null,
      ended: null,
    }
  );
}
