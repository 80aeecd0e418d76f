/**
 * The oblivious pseudorandom function of RFC 9497 in its verifiable mode, suite P256-SHA256. A device blinds an input,
 * the gateway evaluates the blinded element under its key, and the device unblinds the answer and checks the proof. The
 * gateway learns neither input nor output, and the device learns nothing about the key.
 *
 * A device that has the key itself gets the same output without asking (`evaluateDirectly`). There the key is a
 * CryptoKey that no script can read back.
 */
import { p256, p256_hasher, p256_oprf } from '@noble/curves/nist.js';
import { toBase64Url } from './base64url.ts';

type Bytes = Uint8Array;
/** Returns the given number of random bytes. */
type Random = (bytes?: number) => Bytes;

/** A scalar of 32 bytes, and a compressed point of 33. */
export interface EvaluationPair {
  readonly secretKey: Bytes;
  readonly publicKey: Bytes;
}

/** An input that was blinded for evaluation. `blind` stays on the device, which needs it to unblind the answer. */
interface Blinded {
  readonly input: Bytes;
  readonly blind: Bytes;
  /** A compressed point of 33 bytes. */
  readonly blinded: Bytes;
}

/** The evaluated elements in the order of the request, and one proof of 64 bytes for all of them. */
export interface Evaluated {
  readonly evaluated: readonly Bytes[];
  readonly proof: Bytes;
}

/** An element is not a point, or a proof does not hold. */
export class ObliviousPrfError extends Error {
  constructor(what: string, options?: ErrorOptions) {
    super(what, options);
    this.name = 'ObliviousPrfError';
  }
}

const { voprf } = p256_oprf;
const { Point } = p256;
const CURVE = { name: 'ECDH', namedCurve: 'P-256' } as const;
const ENCODER = new TextEncoder();
/** RFC 9497 §3.1, §4.3: "HashToGroup-" and the context string of mode 1. */
const HASH_TO_GROUP = 'HashToGroup-OPRFV1-\x01-P256-SHA256';

/** RFC 9497 §3.2.1. `seed`: 32 random bytes; `info` distinguishes keys that come from the same seed. */
export function deriveEvaluationPair(seed: Bytes, info: string): EvaluationPair {
  return voprf.deriveKeyPair(seed, ENCODER.encode(info));
}

/** Blinds each input with a blind of its own, so that equal inputs cannot be told from different ones. */
export function blindInputs(inputs: readonly Bytes[], random?: Random): Blinded[] {
  return inputs.map((input) => ({ input, ...voprf.blind(input, random) }));
}

/** The gateway's part. Throws ObliviousPrfError if an element is not a point. */
export function evaluateBlinded(
  { secretKey, publicKey }: EvaluationPair,
  blinded: readonly Bytes[],
  random?: Random,
): Evaluated {
  const points = orRefuse('an element is not a point of P-256', () => {
    for (const element of blinded) Point.fromBytes(element);
    return [...blinded];
  });
  return voprf.blindEvaluateBatch(secretKey, publicKey, points, random);
}

/**
 * The outputs, 32 bytes each. Throws ObliviousPrfError unless the proof shows that the answer was made with the
 * key of `publicKey`.
 */
export function openEvaluated(
  asked: readonly Blinded[],
  { evaluated, proof }: Evaluated,
  publicKey: Bytes,
): Bytes[] {
  if (evaluated.length !== asked.length) throw new ObliviousPrfError('not every element was evaluated');
  return orRefuse('the answer was not made with the published key', () =>
    voprf.finalizeBatch(
      asked.map((each, at) => ({ ...each, evaluated: evaluated[at]! })),
      publicKey,
      proof,
    ),
  );
}

/** The scalar as a key for `evaluateDirectly`. `extractable`: the key can be wrapped and sent. */
export async function importEvaluationKey(
  { secretKey, publicKey }: EvaluationPair,
  extractable = false,
): Promise<CryptoKey> {
  const point = Point.fromBytes(publicKey).toBytes(false);
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    d: toBase64Url(secretKey),
    x: toBase64Url(point.subarray(1, 33)),
    y: toBase64Url(point.subarray(33)),
  };
  return crypto.subtle.importKey('jwk', jwk, CURVE, extractable, ['deriveBits']);
}

/**
 * The output for an input of at most 65 535 bytes, computed without the gateway: 32 bytes, the same as from
 * `openEvaluated`.
 *
 * WebCrypto multiplies with a key that cannot be read, but returns only the first coordinate of the product. A second
 * product shows which of the two points with that coordinate is meant: the product of the input's point plus the base
 * point equals the wanted point plus the public key.
 */
export async function evaluateDirectly(key: CryptoKey, publicKey: Bytes, input: Bytes): Promise<Bytes> {
  const point = Point.fromAffine(p256_hasher.hashToCurve(input, { DST: HASH_TO_GROUP }).toAffine());
  const [first, second] = await Promise.all([
    multiplied(key, point.toBytes(false)),
    multiplied(key, point.add(Point.BASE).toBytes(false)),
  ]);
  const even = Point.fromBytes(Uint8Array.of(2, ...first));
  const sum = even.add(Point.fromBytes(publicKey)).toBytes(true).subarray(1);
  const product = sum.every((byte, at) => byte === second[at]) ? even : even.negate();
  // RFC 9497 §3.3.1, Finalize.
  const parts = [lengthOf(input), input, lengthOf(product.toBytes(true)), product.toBytes(true)];
  const message = new Uint8Array([...parts.flatMap((part) => [...part]), ...ENCODER.encode('Finalize')]);
  return new Uint8Array(await crypto.subtle.digest('SHA-256', message));
}

/** The first coordinate of the product, 32 bytes. */
async function multiplied(key: CryptoKey, point: Bytes): Promise<Bytes> {
  const other = await crypto.subtle.importKey('raw', new Uint8Array(point), CURVE, false, []);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: 'ECDH', public: other }, key, 256));
}

/** Two bytes, big endian. */
function lengthOf({ length }: Bytes): Bytes {
  return Uint8Array.of(length >> 8, length & 0xff);
}

function orRefuse<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new ObliviousPrfError(what, { cause });
  }
}
