/**
 * Loaded before a gateway under test: scrypt (RFC 7914) at a hundredth of its price, for each walk makes an account and
 * signs in. The price of a real one is held by gateway/src/auth/password.test.ts.
 */
import crypto, { type ScryptOptions } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

const { scrypt } = crypto;
const CHEAP = { N: 1024, p: 1 };
type Secret = Parameters<typeof scrypt>[0];
type Derivation = [Secret, Secret, number, ScryptOptions, (error: Error | null, key: Buffer) => void];

crypto.scrypt = ((...[password, salt, length, options, done]: Derivation) =>
  scrypt(password, salt, length, { ...options, ...CHEAP }, done)) as typeof scrypt;
syncBuiltinESMExports();
