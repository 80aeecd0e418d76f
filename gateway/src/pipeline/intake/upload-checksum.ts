/**
 * The checksum extension of tus 1.0, which @tus/server 2.4 lacks. A complete PATCH with a wrong checksum leaves the
 * offset where it was. The bytes of a PATCH that was cut are kept, because their checksum cannot be known.
 */
import { createHash, timingSafeEqual, type Hash } from 'node:crypto';
import { Problem } from '#shared/protocol/problem.ts';

/**
 * For the Tus-Checksum-Algorithm header. tus 1.0: "The Server MUST support at least the SHA1 checksum
 * algorithm identified by sha1".
 */
export const CHECKSUM_ALGORITHMS = ['sha256', 'sha1'] as const;

const DIGEST_BYTES: Record<string, number> = { sha256: 32, sha1: 20 };

export type Checksum = { readonly hash: Hash; matches(): boolean };

/**
 * The checksum that the header announces; null: there is none. Throws `bad-request`: tus 1.0 says 400 for an unknown
 * algorithm.
 */
export function parseUploadChecksum(header: string | null): Checksum | null {
  if (header === null) return null;
  const [algorithm = '', encoded = ''] = header.trim().split(/ +/);
  const expected = Buffer.from(encoded, 'base64');
  if (expected.length !== DIGEST_BYTES[algorithm])
    throw new Problem('bad-request', 'Upload-Checksum cannot be read.');
  const hash = createHash(algorithm);
  return { hash, matches: () => timingSafeEqual(hash.digest(), expected) };
}
