/**
 * Counts what of an upload's bytes travels more than once, from what passes on the connections to the gateways: each byte of a parcel has its
 * place (tus: `Upload-Offset` and the length of the body), and what comes twice for one place was sent again.
 *
 * Reads HTTP/1.1 heads and counts bodies; keeps no body. A parcel whose creation carried bytes is known under the device's name for it, which
 * the answer's `Location` joins with the gateway's. What stands outside of parcels (heads, manifests, questions) is overhead.
 */
import type { Ear } from './balancer.ts';

export type UploadBytes = {
  /** One connection between a device and a gateway. */
  listen(): Ear;
  counts(): { readonly up: number; readonly inParcels: number; readonly unique: number };
};

/** Half-open ranges, apart from each other and ascending. */
type Ranges = [from: number, to: number][];

const HEAD_END = '\r\n\r\n';
/** A head is far smaller; what is larger is none, for example the rest of a body after a connection was joined in its middle. */
const HEAD_BYTES_LIMIT = 64 * 1024;
const LOCATION = /\r\nlocation: *\S*?files\/([\w-]+)/i;

/** Adds a range and returns how many of its bytes were not there before. */
export function addRange(ranges: Ranges, from: number, to: number): number {
  let [low, high, had] = [from, to, 0];
  const apart: Ranges = [];
  for (const [a, b] of ranges) {
    if (b < from || a > to) {
      apart.push([a, b]);
      continue;
    }
    had += Math.max(0, Math.min(b, to) - Math.max(a, from));
    [low, high] = [Math.min(low, a), Math.max(high, b)];
  }
  ranges.splice(0, ranges.length, ...[...apart, [low, high] as [number, number]].sort((one, other) => one[0] - other[0]));
  return to - from - had;
}

const field = (head: string, name: string): string | null => new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i').exec(head)?.[1] ?? null;

/** Which parcel a request's body belongs to and where it begins; null where it is none. */
function placeOf(head: string): { parcel: string; isCreation: boolean; at: number } | null {
  const [method, path] = head.split(' ', 2);
  const id = /\/upload\/files\/([\w-]+)/.exec(path ?? '')?.[1];
  if (method === 'PATCH' && id !== undefined) return { parcel: id, isCreation: false, at: Number(field(head, 'upload-offset') ?? 0) };
  const name = /(?:^|,) *parcel +([^,\s]+)/.exec(field(head, 'upload-metadata') ?? '')?.[1];
  return method === 'POST' && name !== undefined ? { parcel: name, isCreation: true, at: 0 } : null;
}

export function createUploadBytes(): UploadBytes {
  const counts = { up: 0, inParcels: 0, unique: 0 };
  const parcels = new Map<string, Ranges>();
  /** The gateway's id of a parcel → the device's name for it. */
  const names = new Map<string, string>();

  function note(parcel: string, from: number, bytes: number): void {
    const name = names.get(parcel) ?? parcel;
    if (!parcels.has(name)) parcels.set(name, []);
    counts.inParcels += bytes;
    counts.unique += addRange(parcels.get(name)!, from, from + bytes);
  }

  return {
    counts: () => ({ ...counts }),
    listen() {
      let head = '';
      let body: { left: number; place: { parcel: string; at: number } | null } | null = null;
      let creating: string | null = null;
      let answer = '';

      function takeHead(piece: Buffer): Buffer {
        const before = head.length;
        head += piece.toString('latin1');
        const end = head.indexOf(HEAD_END);
        if (end < 0) {
          if (head.length > HEAD_BYTES_LIMIT) body = { left: Infinity, place: null };
          return Buffer.alloc(0);
        }
        const whole = head.slice(0, end);
        head = '';
        const place = placeOf(whole);
        creating = place?.isCreation ? place.parcel : null;
        answer = '';
        const isChunked = field(whole, 'transfer-encoding') !== null;
        body = { left: isChunked ? Infinity : Number(field(whole, 'content-length') ?? 0), place };
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
            if (body.place) {
              note(body.place.parcel, body.place.at, bytes);
              body.place.at += bytes;
            }
            body.left -= bytes;
            rest = rest.subarray(bytes);
          }
        },
        down(piece) {
          if (creating === null) return;
          answer = (answer + piece.toString('latin1')).slice(0, HEAD_BYTES_LIMIT);
          const id = LOCATION.exec(answer)?.[1];
          if (id === undefined || !answer.includes(HEAD_END)) return;
          names.set(id, creating);
          creating = null;
        },
      };
    },
  };
}
