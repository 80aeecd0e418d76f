/** Certificates in a file, as PEM: people get them as PEM, with text around it, or as DER. */

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** X.690 §8.9: a certificate is a SEQUENCE. */
const SEQUENCE = 0x30;

/** Empty where there is none; whether it is a certificate of an authority, the gateway finds out. */
export function toPem(file: Uint8Array): string {
  const text = Array.from(file, (byte) => String.fromCharCode(byte)).join('');
  const blocks = text.match(BLOCK);
  if (blocks !== null) return `${blocks.join('\n')}\n`;
  if (file[0] !== SEQUENCE) return '';
  const lines = btoa(text).match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

/** More than any authority has in one file. */
export const CERTIFICATES_BYTES_LIMIT = 64 * 1024;
