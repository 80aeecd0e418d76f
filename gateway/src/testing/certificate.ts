import { readFileSync } from 'node:fs';

const read = (name: string): string =>
  readFileSync(new URL(`certificates/${name}.pem`, import.meta.url), 'utf8');

/**
 * A certificate for `localhost` and 127.0.0.1 that nobody trusts, and its key: made once with
 * `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500`.
 */
export const CERTIFICATE = read('certificate');
export const CERTIFICATE_KEY = read('certificate-key');

/** For the same key; its last day has passed. */
export const EXPIRED_CERTIFICATE = read('expired-certificate');

/** Another one, as after a renewal. */
export const NEXT_CERTIFICATE = read('next-certificate');
export const NEXT_CERTIFICATE_KEY = read('next-certificate-key');

/** A hospital's own authority, trusted nowhere, and what it issued for pacs.hospital.test and 127.0.0.1. */
export const PRIVATE_CA = read('private-ca');
export const PRIVATE_CERTIFICATE = read('private-certificate');
export const PRIVATE_CERTIFICATE_KEY = read('private-certificate-key');

/** For pacs.ward.test and 127.0.0.2, which counts as another machine; self-signed, and its key. */
export const WARD_CERTIFICATE = read('ward-certificate');
export const WARD_CERTIFICATE_KEY = read('ward-certificate-key');
