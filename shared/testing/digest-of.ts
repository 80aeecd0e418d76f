/** SHA-256 of bytes or text in hexadecimal, by Node's own hash: what a digest of the product is held against. */
import { createHash } from 'node:crypto';

export function digestOf(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}
