/** Reads certificates from a file as PEM. People receive them as PEM, with text around it, or as DER. */
import { textsBetween } from '#shared/texts-between.ts';

const BEGIN = '-----BEGIN CERTIFICATE-----';
const END = '-----END CERTIFICATE-----';

const INTEGER = 0x02;
const SEQUENCE = 0x30;
const EXPLICIT_0 = 0xa0;

/** Empty if the file has no certificate, or is a key. The gateway checks whether it is an authority's certificate. */
export function toPem(file: Uint8Array): string {
  const text = Array.from(file, (byte) => String.fromCharCode(byte)).join('');
  const blocks = textsBetween(text, BEGIN, END).filter((inner) => inner !== '');
  if (blocks.length > 0) return blocks.map((inner) => `${BEGIN}${inner}${END}\n`).join('');
  if (!isCertificate(file)) return '';
  const lines = btoa(text).match(/.{1,64}/g) ?? [];
  return [BEGIN, ...lines, END, ''].join('\n');
}

/**
 * RFC 5280 §4.1: a SEQUENCE whose first element is tbsCertificate, a SEQUENCE that begins with [0] version or, in
 * version 1, with the serial number. A private key and a PFX begin with an INTEGER, an encrypted key with an algorithm.
 */
function isCertificate(file: Uint8Array): boolean {
  if (file[0] !== SEQUENCE) return false;
  const inner = contentAt(file, 0);
  const first = file[contentAt(file, inner)];
  return file[inner] === SEQUENCE && (first === EXPLICIT_0 || first === INTEGER);
}

/** X.690 §8.1.3: one byte of length, or as many further bytes as its lower bits say. */
function contentAt(file: Uint8Array, at: number): number {
  const length = file[at + 1] ?? 0;
  return at + 2 + (length < 0x80 ? 0 : length & 0x7f);
}

/** More than any authority puts into one file. */
export const CERTIFICATES_BYTES_LIMIT = 64 * 1024;
