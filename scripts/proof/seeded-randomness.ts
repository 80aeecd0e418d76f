/**
 * Makes all randomness of this process the same in every run: Math.random, and the bytes, numbers and UUIDs of
 * `node:crypto` and of Web Crypto. Values that collide, or that happen to hold a planted one, do so in every run or in
 * none. Keys stay random: Node makes them elsewhere.
 */
import crypto, { type UUID } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

type Random = (size: number) => Buffer;
type Told<T> = (error: null, value: T) => void;

function streamOf(seed: string): Random {
  const key = crypto.createHash('sha256').update(seed).digest();
  const cipher = crypto.createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  return (size) => cipher.update(Buffer.alloc(size));
}

let random: Random = streamOf('');

/** Begins again for this seed. */
export function seedRandomness(seed: string): void {
  random = streamOf(seed);
}

const bytesOf = (view: ArrayBufferView): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

function fill<T extends ArrayBufferView>(view: T): T {
  bytesOf(view).set(random(view.byteLength));
  return view;
}

/** RFC 9562, version 4. */
function uuid(): UUID {
  const bytes = random(16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const SCALE = 2 ** 48;
const fraction = (): number => random(6).readUIntBE(0, 6) / SCALE;

function randomBytes(size: number, told?: Told<Buffer>): Buffer | undefined {
  const bytes = random(size);
  if (told === undefined) return bytes;
  process.nextTick(told, null, bytes);
  return undefined;
}

function randomInt(...values: (number | Told<number>)[]): number | undefined {
  const told = values.find((value) => typeof value === 'function');
  const [first, second] = values.filter((value) => typeof value === 'number');
  const [least, end] = second === undefined ? [0, first!] : [first!, second];
  const value = least + Math.floor(fraction() * (end - least));
  if (told === undefined) return value;
  process.nextTick(told, null, value);
  return undefined;
}

function randomFillSync(view: ArrayBufferView, offset = 0, size?: number): ArrayBufferView {
  const bytes = bytesOf(view);
  fill(bytes.subarray(offset, size === undefined ? undefined : offset + size));
  return view;
}

/** From now on, whatever has been imported or will be. */
export function takeOverRandomness(): void {
  Math.random = fraction;
  Object.assign(crypto, { randomBytes, randomInt, randomFillSync, randomUUID: uuid });
  const ofWeb = { getRandomValues: { value: fill }, randomUUID: { value: uuid } };
  Object.defineProperties(crypto.webcrypto, ofWeb);
  syncBuiltinESMExports();
}
