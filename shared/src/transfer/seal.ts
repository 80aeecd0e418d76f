/**
 * Sealing: the device encrypts each parcel to the gateway's public key while it packs it. The device has only that
 * public key and cannot read the parcel back. Sealing uses HPKE (RFC 9180) in base mode: DHKEM(X25519, HKDF-SHA256),
 * HKDF-SHA256, AES-256-GCM. No other file uses HPKE.
 *
 * Devices compute X25519 in JavaScript: older browsers do not have it in WebCrypto, and WebKitGTK's fails for one new
 * key in 256. The gateway computes it in WebCrypto, where its private key cannot be exported.
 *
 * A sealed parcel is a sequence of records and nothing else. Each record is 1 MiB of plain text (the last one 1 MiB or
 * less) and its tag. The tag binds the record to its parcel, to its position and to whether it is the last: nobody can
 * leave out, move, repeat or insert a record, or end the parcel early. The seal does not prove who sealed; the right to
 * send and the digests do that.
 */
import { Aes256Gcm, type AeadInterface, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { DhkemX25519HkdfSha256 as PortableDhkem } from '@hpke/dhkem-x25519';
import type { SealingKey } from '../protocol/api.ts';
import { parseBase64, toBase64 } from './digest.ts';

/**
 * The size of a record's plain text. Smaller records would cost a call into WebCrypto for few bytes; with larger ones
 * more has to be sent again after the link is cut within a record.
 */
export const SEALED_RECORD_BYTES = 1024 * 1024;

/** The AES-GCM tag: a sealed record is longer than its plain text by this. */
export const SEAL_TAG_BYTES = 16;

const ENCODER = new TextEncoder();
const INFO = ENCODER.encode('relaypacs sealed parcel v1');
/** The encapsulated key of DHKEM(X25519), RFC 9180 §7.1. */
const ENC_BYTES = 32;

/** The key or the encapsulated key is not usable: it can neither seal nor open anything. */
export class SealKeyError extends Error {
  constructor(what: string, options?: ErrorOptions) {
    super(what, options);
    this.name = 'SealKeyError';
  }
}

export interface Sealer {
  /** The encapsulated key in base64, which the owner of the private key needs to open the parcel. */
  readonly enc: string;
  /**
   * Seals one record. Records must come in order, with `position` from 0, and all but the last must be
   * SEALED_RECORD_BYTES long. Throws RangeError otherwise: a nonce used twice would reveal the plain text.
   */
  seal(record: Uint8Array, position: number, isLast: boolean): Promise<Uint8Array<ArrayBuffer>>;
}

export interface Opener {
  /**
   * Opens the next record. Returns null if it fails authentication; it may then be tried again. After the last record,
   * every call returns null. Only one call at a time.
   */
  open(sealed: Uint8Array, isLast: boolean): Promise<Uint8Array<ArrayBuffer> | null>;
}

/**
 * The size of a parcel of `plainBytes` after sealing. An empty parcel has one empty record, which proves where it ends.
 */
export function sealedSize(plainBytes: number): number {
  return plainBytes + SEAL_TAG_BYTES * Math.max(1, Math.ceil(plainBytes / SEALED_RECORD_BYTES));
}

/** The plain size of a sealed parcel; null when no sealed parcel has that size. */
export function openedSize(sealedBytes: number): number | null {
  const records = Math.ceil(sealedBytes / (SEALED_RECORD_BYTES + SEAL_TAG_BYTES));
  const plainBytes = sealedBytes - records * SEAL_TAG_BYTES;
  return plainBytes >= 0 && sealedSize(plainBytes) === sealedBytes ? plainBytes : null;
}

/** Seals one parcel; `parcelId` is the device's UUID for it. Throws SealKeyError when the key is unusable. */
export async function createSealer(key: SealingKey, parcelId: string): Promise<Sealer> {
  const suite = createSuite(new Aes256Gcm(), new PortableDhkem());
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
 * Opens one parcel from record `fromRecord` on. `privateKey`: an X25519 key for `deriveBits`, which need not be
 * extractable. Throws SealKeyError if `enc` is not an encapsulated key.
 */
export async function createOpener(
  privateKey: CryptoKey,
  enc: string,
  parcelId: string,
  fromRecord = 0,
): Promise<Opener> {
  const context = await openContext(privateKey, enc, aes256GcmFrom(fromRecord));
  let next = fromRecord;
  let ended = false;
  return {
    async open(sealed, isLast) {
      if (ended || !fits(sealed.length - SEAL_TAG_BYTES, isLast)) return null;
      const plain = await context.open(sealed, additionalData(parcelId, next, isLast)).catch(() => null);
      if (plain === null) return null;
      next += 1;
      ended = isLast;
      return new Uint8Array(plain);
    },
  };
}

/** The purpose of a message. A message opens only with the purpose that it was sealed for. */
export interface MessageContext {
  readonly info: string;
  readonly about: string;
}

/** Makes an X25519 key pair for `sealMessage`: 32 bytes each. */
export async function createMessagePair(): Promise<{
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly privateKey: Uint8Array<ArrayBuffer>;
}> {
  const kem = new PortableDhkem();
  const pair = await kem.generateKeyPair();
  return {
    publicKey: new Uint8Array(await kem.serializePublicKey(pair.publicKey)),
    privateKey: new Uint8Array(await kem.serializePrivateKey(pair.privateKey)),
  };
}

/**
 * Seals one short message to a public key (RFC 9180 §6.1). The result is the encapsulated key and the ciphertext,
 * ENC_BYTES + SEAL_TAG_BYTES longer than the plain text. Throws SealKeyError if the key is unusable.
 */
export async function sealMessage(
  publicKey: Uint8Array<ArrayBuffer>,
  { info, about }: MessageContext,
  plain: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const suite = createSuite(new Aes256Gcm(), new PortableDhkem());
  const recipientPublicKey = await suite.kem
    .importKey('raw', publicKey.slice().buffer, true)
    .catch((cause: unknown) => Promise.reject(new SealKeyError('the key cannot be used', { cause })));
  const { enc, ct } = await suite.seal(
    { recipientPublicKey, info: ENCODER.encode(info) },
    plain,
    ENCODER.encode(about),
  );
  return new Uint8Array([...new Uint8Array(enc), ...new Uint8Array(ct)]);
}

/** Null: the message was sealed to another key or for another context, or was changed. */
export async function openMessage(
  privateKey: Uint8Array<ArrayBuffer>,
  { info, about }: MessageContext,
  sealed: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const suite = createSuite(new Aes256Gcm(), new PortableDhkem());
  try {
    const recipientKey = await suite.kem.importKey('raw', privateKey.slice().buffer, false);
    const terms = { recipientKey, enc: sealed.slice(0, ENC_BYTES), info: ENCODER.encode(info) };
    return new Uint8Array(await suite.open(terms, sealed.slice(ENC_BYTES), ENCODER.encode(about)));
  } catch {
    return null;
  }
}

type Kem = ConstructorParameters<typeof CipherSuite>[0]['kem'];

function createSuite(aead: AeadInterface, kem: Kem): CipherSuite {
  return new CipherSuite({ kem, kdf: new HkdfSha256(), aead });
}

async function openContext(
  recipientKey: CryptoKey,
  enc: string,
  aead: AeadInterface,
): ReturnType<CipherSuite['createRecipientContext']> {
  try {
    const bytes = parseBase64(enc);
    if (bytes.length !== ENC_BYTES) throw new RangeError('an encapsulated key of X25519 has 32 bytes');
    return await createSuite(aead, new DhkemX25519HkdfSha256()).createRecipientContext({
      recipientKey,
      enc: bytes,
      info: INFO,
    });
  } catch (cause) {
    throw new SealKeyError('the encapsulated key cannot be used', { cause });
  }
}

/**
 * AES-256-GCM for a context whose first message is record `first`. RFC 9180 §5.2: the nonce of message k is base_nonce
 * XOR k. The context counts its messages from 0, so this puts the number of the record in place of that count. As in
 * the RFC, a message that fails authentication is not counted.
 */
function aes256GcmFrom(first: number): AeadInterface {
  const aead = new Aes256Gcm();
  const { id, keySize, nonceSize, tagSize } = aead;
  return {
    id,
    keySize,
    nonceSize,
    tagSize,
    createEncryptionContext(key) {
      const gcm = aead.createEncryptionContext(key);
      let opened = 0;
      return {
        seal: () => Promise.reject(new Error('this context only opens')),
        async open(nonce, sealed, additional) {
          const plain = await gcm.open(withCount(nonce, opened ^ (first + opened)), sealed, additional);
          opened += 1;
          return plain;
        },
      };
    },
  };
}

/** `nonce` XOR `change`, both big endian. A parcel has fewer than 2^31 records. */
function withCount(nonce: ArrayBufferLike | ArrayBufferView, change: number): ArrayBuffer {
  const bytes = ArrayBuffer.isView(nonce)
    ? new Uint8Array(nonce.buffer, nonce.byteOffset, nonce.byteLength).slice()
    : new Uint8Array(nonce).slice();
  const view = new DataView(bytes.buffer);
  const at = bytes.length - 4;
  view.setUint32(at, view.getUint32(at) ^ change);
  return bytes.buffer;
}

function fits(plainBytes: number, isLast: boolean): boolean {
  return isLast ? plainBytes >= 0 && plainBytes <= SEALED_RECORD_BYTES : plainBytes === SEALED_RECORD_BYTES;
}

function additionalData(parcelId: string, position: number, isLast: boolean): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${parcelId}/${position}/${isLast ? 'last' : 'more'}`);
}
