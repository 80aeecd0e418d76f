/** SHA-256 for tests, in lower-case hexadecimal as our JSON has it. */
import { createHash } from 'node:crypto';

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
