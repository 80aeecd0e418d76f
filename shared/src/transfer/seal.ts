/**
 * Sealing: a parcel is encrypted to the gateway's public key while it is packed, and the device, which keeps
 * only that public key, cannot read it back. HPKE (RFC 9180) in base mode: DHKEM(X25519, HKDF-SHA256),
 * HKDF-SHA256, AES-256-GCM. The one door to HPKE.
 *
 * A sealed parcel is a row of records, each of 1 MiB of plain text (the last one 1 MiB or less) and its tag,
 * and nothing else. A record is bound to its parcel, to its place and to being the last one or not: none can
 * be left out, moved, doubled or brought from elsewhere, and an end that is not the end does not hold. Who
 * sealed is not proven: that is the upload right's work, and the digests'.
 */
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import type { SealingKey } from '../protocol/api.ts';
import { parseBase64, toBase64 } from './digest.ts';

/**
 * 1 MiB of plain text a record. Smaller costs a call into WebCrypto for few bytes; larger, and a cut link
 * waits long for a record that holds.
 */
export const SEALED_RECORD_BYTES = 1024 * 1024;

/** The tag of AES-GCM: a sealed record is so much longer than its plain text. */
export const SEAL_TAG_BYTES = 16;

const INFO = new TextEncoder().encode('relaypacs sealed parcel v1');
/** The encapsulated key of DHKEM(X25519), RFC 9180 §7.1. */
const ENC_BYTES = 32;

/** The key, or the encapsulated key, is none that anything could be sealed to or opened with. */
export class SealKeyError extends Error {
  constructor(what: string, options?: ErrorOptions) {
    super(what, options);
    this.name = 'SealKeyError';
  }
}

export interface Sealer {
  /** The encapsulated key in base64: the private key's owner opens with it. */
  readonly enc: string;
  /**
   * The sealed record. Records are given in sequence, `position` from 0; all but the last are
   * SEALED_RECORD_BYTES long. Throws RangeError when they are not: a nonce that served twice would give the
   * plain text away.
   */
  seal(record: Uint8Array, position: number, isLast: boolean): Promise<Uint8Array<ArrayBuffer>>;
}

export interface Opener {
  /**
   * The plain text of the next record, or null when it does not hold; the same record is then asked for
   * again. After the last record nothing holds. One call at a time.
   */
  open(sealed: Uint8Array, isLast: boolean): Promise<Uint8Array<ArrayBuffer> | null>;
}

/**
 * The size of a parcel of `plainBytes` once it is sealed. An empty one has one empty record: its end, too, is
 * proven.
 */
export function sealedSize(plainBytes: number): number {
  return plainBytes + SEAL_TAG_BYTES * Math.max(1, Math.ceil(plainBytes / SEALED_RECORD_BYTES));
}

/** The size of what was sealed; null where no parcel has that size when it is sealed. */
export function openedSize(sealedBytes: number): number | null {
  const records = Math.ceil(sealedBytes / (SEALED_RECORD_BYTES + SEAL_TAG_BYTES));
  const plainBytes = sealedBytes - records * SEAL_TAG_BYTES;
  return plainBytes >= 0 && sealedSize(plainBytes) === sealedBytes ? plainBytes : null;
}

/** Seals one parcel; `parcelId` is the device's UUID for it. Throws SealKeyError when the key is none. */
export async function createSealer(key: SealingKey, parcelId: string): Promise<Sealer> {
  const suite = createSuite();
  const context = await suite.kem
    .importKey('jwk', { kty: key.kty, crv: key.crv, x: key.x }, true)
    .then((recipientPublicKey) => suite.createSenderContext({ recipientPublicKey, info: INFO }))
    .catch((cause: unknown) => {
      throw new SealKeyError('the sealing key cannot be used', { cause });
    });
  let next = 0;
  let ended = false;
  return {
    enc: toBase64(new Uint8Array(context.enc)),
    async seal(record, position, isLast) {
      if (ended || position !== next || !fits(record.length, isLast))
        throw new RangeError('a record out of sequence or of the wrong size');
      next += 1;
      ended = isLast;
      return new Uint8Array(await context.seal(record, additionalData(parcelId, position, isLast)));
    },
  };
}

/**
 * Opens one parcel from record `fromRecord` on. `privateKey`: X25519, for `deriveBits`, need not be
 * extractable. Throws SealKeyError when `enc` is no encapsulated key.
 */
export async function createOpener(
  privateKey: CryptoKey,
  enc: string,
  parcelId: string,
  fromRecord = 0,
): Promise<Opener> {
  const context = await openContext(privateKey, enc);
  startAt(context, fromRecord);
  let next = fromRecord;
  let ended = false;
  return {
    async open(sealed, isLast) {
      if (ended || !fits(sealed.length - SEAL_TAG_BYTES, isLast)) return null;
      // The context's sequence number moves only when a record held.
      const plain = await context.open(sealed, additionalData(parcelId, next, isLast)).catch(() => null);
      if (plain === null) return null;
      next += 1;
      ended = isLast;
      return new Uint8Array(plain);
    },
  };
}

function createSuite(): CipherSuite {
  return new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
}

async function openContext(
  recipientKey: CryptoKey,
  enc: string,
): ReturnType<CipherSuite['createRecipientContext']> {
  try {
    const bytes = parseBase64(enc);
    if (bytes.length !== ENC_BYTES) throw new RangeError('an encapsulated key of X25519 has 32 bytes');
    return await createSuite().createRecipientContext({ recipientKey, enc: bytes, info: INFO });
  } catch (cause) {
    throw new SealKeyError('the encapsulated key cannot be used', { cause });
  }
}

/**
 * RFC 9180 §5.2 counts the records of a context from 0, and has no door for one who comes back later;
 * @hpke/core keeps the count in `_ctx.seq`. Throws where it no longer does: a wrong count would only look
 * like damage.
 */
function startAt(context: object, record: number): void {
  const counter = (context as { _ctx?: { seq?: unknown } })._ctx;
  if (counter?.seq !== 0) throw new Error('@hpke/core keeps its sequence number elsewhere now');
  counter.seq = record;
}

function fits(plainBytes: number, isLast: boolean): boolean {
  return isLast ? plainBytes >= 0 && plainBytes <= SEALED_RECORD_BYTES : plainBytes === SEALED_RECORD_BYTES;
}

function additionalData(parcelId: string, position: number, isLast: boolean): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${parcelId}/${position}/${isLast ? 'last' : 'more'}`);
}
