/**
 * Counts what of an upload's bytes travels more than once, and why, from what passes on the connections to
 * the gateways: each byte of a parcel has its place (tus: `Upload-Offset` and the length of the body), and
 * what comes twice for one place was sent again. Why, is told by what became of the request that had carried
 * it before.
 *
 * Reads HTTP/1.1 heads and counts bodies; keeps no body. A parcel whose creation carried bytes is known under
 * the device's name for it, which the answer's `Location` joins with the gateway's. What stands outside of
 * parcels (heads, manifests, questions) is overhead.
 */
import type { Ear, EndedBy } from './balancer.ts';

/** A request that carried bytes of a parcel some of which came again. */
export type SentAgain = {
  readonly parcel: string;
  readonly method: 'POST' | 'PATCH';
  readonly from: number;
  /** Of its body, so many came, and so many of them came again with later requests. */
  readonly bytes: number;
  readonly again: number;
  readonly status: number | null;
  readonly offset: number | null;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly why: string;
};

export type UploadBytes = {
  /** One connection between a device and a gateway. */
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

/** One request with a body, and what became of it. */
type Carrier = {
  readonly parcel: string;
  readonly method: 'POST' | 'PATCH';
  readonly from: number;
  readonly at: number;
  bytes: number;
  again: number;
  status: number | null;
  /** Of a success: how far the parcel is. */
  offset: number | null;
  ended: string | null;
};

/** Half-open ranges of a parcel, apart from each other and ascending, with who carried them last. */
export type Ranges<T> = [from: number, to: number, by: T][];

const HEAD_END = '\r\n\r\n';
/**
 * A head is far smaller; what is larger is none, for example the rest of a body after a connection was joined
 * in its middle.
 */
const HEAD_BYTES_LIMIT = 64 * 1024;
const LOCATION = /\r\nlocation: *\S*?files\/([\w-]+)/i;
const STATUS = /^HTTP\/1\.1 (\d{3})/;

/**
 * Lays a range over the others. `had` is told of each piece that was there before, with who had carried it.
 */
export function addRange<T>(
  ranges: Ranges<T>,
  from: number,
  to: number,
  by: T,
  had: (bytes: number, by: T) => void,
): void {
  const after: Ranges<T> = [];
  let [low, high] = [from, to];
  for (const [a, b, other] of ranges) {
    if (b < from || a > to) {
      after.push([a, b, other]);
      continue;
    }
    const common = Math.min(b, to) - Math.max(a, from);
    if (common > 0) had(common, other);
    if (other === by) [low, high] = [Math.min(low, a), Math.max(high, b)];
    else {
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

/** Which parcel a request's body belongs to and where it begins; null where it is none. */
function placeOf(head: string): Place | null {
  const [method, path] = head.split(' ', 2);
  const id = /\/upload\/files\/([\w-]+)/.exec(path ?? '')?.[1];
  if (method === 'PATCH' && id !== undefined)
    return { parcel: id, method, at: Number(field(head, 'upload-offset') ?? 0) };
  const name = /(?:^|,) *parcel +([^,\s]+)/.exec(field(head, 'upload-metadata') ?? '')?.[1];
  return method === 'POST' && name !== undefined ? { parcel: name, method, at: 0 } : null;
}

/** What became of a request, in the words of the verdict. */
function fateOf({ status, offset, from, bytes, ended }: Carrier): string {
  if (status === null) return ended ?? 'still open';
  if (status >= 300) return `answered ${status}`;
  return offset !== null && offset < from + bytes ? 'taken in part' : 'taken';
}

/** `nameEnd` says why a connection ended over a request without an answer, at the moment when it ends. */
export function createUploadBytes(
  nameEnd: (by: EndedBy) => string = (by) => by,
  now: () => number = Date.now,
): UploadBytes {
  const counts = { up: 0, inParcels: 0, unique: 0 };
  const parcels = new Map<string, Ranges<Carrier>>();
  /** The gateway's id of a parcel → the device's name for it. */
  const names = new Map<string, string>();
  const blamed = new Set<Carrier>();

  function note(carrier: Carrier, bytes: number): void {
    const name = names.get(carrier.parcel) ?? carrier.parcel;
    if (!parcels.has(name)) parcels.set(name, []);
    const at = carrier.from + carrier.bytes;
    counts.inParcels += bytes;
    counts.unique += bytes;
    carrier.bytes += bytes;
    addRange(parcels.get(name)!, at, at + bytes, carrier, (had, before) => {
      counts.unique -= had;
      before.again += had;
      blamed.add(before);
    });
  }

  return {
    counts() {
      const again: Record<string, number> = {};
      for (const carrier of blamed) again[fateOf(carrier)] = (again[fateOf(carrier)] ?? 0) + carrier.again;
      return { ...counts, again };
    },
    sentAgain: () => [...blamed].map((carrier) => ({ ...carrier, why: fateOf(carrier) })),
    listen() {
      let head = '';
      let body: { left: number; carrier: Carrier | null } | null = null;
      let asked: Carrier | null = null;
      let answer = '';

      function takeHead(piece: Buffer): Buffer {
        const before = head.length;
        head += piece.toString('latin1');
        const end = head.indexOf(HEAD_END);
        if (end < 0) {
          if (head.length > HEAD_BYTES_LIMIT) body = { left: Infinity, carrier: null };
          return Buffer.alloc(0);
        }
        const whole = head.slice(0, end);
        head = '';
        const place = placeOf(whole);
        const isChunked = field(whole, 'transfer-encoding') !== null;
        const left = isChunked ? Infinity : Number(field(whole, 'content-length') ?? 0);
        asked = place && {
          parcel: place.parcel,
          method: place.method,
          from: place.at,
          at: now(),
          bytes: 0,
          again: 0,
          status: null,
          offset: null,
          ended: null,
        };
        answer = '';
        body = { left, carrier: asked };
        return piece.subarray(end + HEAD_END.length - before);
      }

      return {
        up(piece) {
          counts.up += piece.length;
          for (let rest = piece; rest.length > 0; ) {
            if (body === null || body.left === 0) {
              rest = takeHead(rest);
              continue;
            }
            const bytes = Math.min(rest.length, body.left);
            if (body.carrier) note(body.carrier, bytes);
            body.left -= bytes;
            rest = rest.subarray(bytes);
          }
        },
        down(piece) {
          if (asked === null || asked.status !== null) return;
          answer = (answer + piece.toString('latin1')).slice(0, HEAD_BYTES_LIMIT);
          if (!answer.includes(HEAD_END)) return;
          asked.status = Number(STATUS.exec(answer)?.[1] ?? 0);
          const offset = field(answer, 'upload-offset');
          asked.offset = offset === null ? null : Number(offset);
          const id = LOCATION.exec(answer)?.[1];
          if (id !== undefined && asked.method === 'POST') names.set(id, asked.parcel);
        },
        ended(by) {
          if (asked !== null && asked.status === null) asked.ended ??= nameEnd(by);
        },
      };
    },
  };
}
