/** Files of certificates as people get them. */
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CERTIFICATE, NEXT_CERTIFICATE } from '../../../gateway/src/testing/certificate.ts';
import { toPem } from './read-certificates.ts';

const test = suite('a file of certificates');
const printOf = (pem: string): string => new X509Certificate(pem).fingerprint256;

test('is read as PEM with text around it, and as DER', () => {
  const text = `Issuer: Clinic\r\n${CERTIFICATE}more\n${NEXT_CERTIFICATE}`;
  assert.is(toPem(Buffer.from(text)), `${CERTIFICATE.trim()}\n${NEXT_CERTIFICATE.trim()}\n`);
  const der = new X509Certificate(CERTIFICATE).raw;
  assert.is(printOf(toPem(der)), printOf(CERTIFICATE));
  assert.is(toPem(Buffer.from('no certificate')), '');
});

test('is not sent where it is a key or a store of keys', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const locked = { cipher: 'aes-256-cbc', passphrase: 'planted' };
  const files = [
    privateKey.export({ format: 'der', type: 'sec1' }),
    privateKey.export({ format: 'der', type: 'pkcs8' }),
    privateKey.export({ format: 'der', type: 'pkcs8', ...locked }),
    publicKey.export({ format: 'der', type: 'spki' }),
    // RFC 7292 §4: a PFX begins with its version, 3.
    Buffer.from('308209b0020103308209760609', 'hex'),
    Buffer.from('30', 'hex'),
  ];
  assert.equal(files.map(toPem), ['', '', '', '', '', '']);
});

test.run();
