/**
 * SHA-256 of data that may not fit into memory. Digests are 64 lower-case hexadecimal digits in our JSON and
 * `sha-256=:<base64>:` in HTTP header fields (RFC 9530 §2, draft-ietf-httpbis-unencoded-digest).
 *
 * WebCrypto is faster but cannot hash a stream, so hash-wasm (WebAssembly) hashes blobs that are too large for memory.
 */
import { ignoreFailure } from '../ignore-failure.ts';
import { createSHA256 } from 'hash-wasm';

/**
 * 64 MiB. A larger instance held whole in memory can make a tablet's browser end the page; for smaller ones WebCrypto
 * is several times faster.
 */
const HASH_AT_ONCE_BYTES = 64 * 1024 * 1024;

export function toHex(bytes: Uint8Array): string {
  let hex = '';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return hex;
}

/** Throws RangeError when `hex` is not an even number of hexadecimal digits. */
export function parseHex(hex: string): Uint8Array<ArrayBuffer> {
  if (hex.length % 2 !== 0 || !/^[0-9a-f]*$/.test(hex)) throw new RangeError('not lower-case hexadecimal');
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) =>
    Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16),
  );
}

/** The standard alphabet with padding (RFC 4648 §4), for short values: digests, tus metadata. */
export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Throws RangeError when the text is not canonical base64. */
export function parseBase64(text: string): Uint8Array<ArrayBuffer> {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    throw new RangeError('not base64');
  }
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  if (toBase64(bytes) !== text) throw new RangeError('not canonical base64');
  return bytes;
}

/** SHA-256 of bytes in memory, in hexadecimal. */
export async function sha256OfBytes(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}

/**
 * The most bytes that WebCrypto may copy: it copies what it hashes, and next to a large instance and its coded form
 * there is no memory for a third copy.
 */
const COPIED_BYTES = 16 * 1024 * 1024;

/**
 * The same digest as `sha256OfBytes`, without copying many bytes. Hashing large data blocks the thread while it runs.
 */
export async function sha256OfHeld(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  if (bytes.length <= COPIED_BYTES) return sha256OfBytes(bytes);
  const running = await createRunningDigest();
  running.update(bytes);
  return toHex(running.end());
}

/** SHA-256 of bytes that arrive piece by piece. `end` returns the 32 bytes and may be called once. */
export async function createRunningDigest(): Promise<{
  update(bytes: Uint8Array): void;
  end(): Uint8Array<ArrayBuffer>;
}> {
  const hash = await createSHA256();
  hash.init();
  return {
    update: (bytes) => void hash.update(bytes),
    end: () => new Uint8Array(hash.digest('binary')),
  };
}

/**
 * SHA-256 of a stream, in hexadecimal. Holds one chunk at a time. Throws the signal's reason when aborted.
 */
export async function sha256OfStream(
  stream: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): Promise<string> {
  const hash = await createSHA256();
  hash.init();
  const reader = stream.getReader();
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { done, value } = await reader.read();
      if (done) return hash.digest('hex');
      hash.update(value);
    }
  } catch (error) {
    await ignoreFailure(reader.cancel(error), 'the first error is the one to tell');
    throw error;
  }
}

/**
 * SHA-256 of a blob of any size, in hexadecimal. Throws the signal's reason when aborted, and what the file
 * throws when it cannot be read.
 */
export async function sha256OfBlob(blob: Blob, signal?: AbortSignal): Promise<string> {
  signal?.throwIfAborted();
  if (blob.size <= HASH_AT_ONCE_BYTES)
    return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer())));
  return sha256OfStream(blob.stream(), signal);
}
