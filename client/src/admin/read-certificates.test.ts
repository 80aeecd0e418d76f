/** Files of certificates as people get them. */
import { X509Certificate } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CERTIFICATE, NEXT_CERTIFICATE } from '../../../gateway/src/testing/certificate.ts';
import { toPem } from './read-certificates.ts';
import { createTypedSecrets } from './typed-secrets.ts';

const test = suite('a file of certificates');
const printOf = (pem: string): string => new X509Certificate(pem).fingerprint256;

test('is read as PEM with text around it, and as DER', () => {
  const text = `Issuer: Clinic\r\n${CERTIFICATE}more\n${NEXT_CERTIFICATE}`;
  assert.is(toPem(Buffer.from(text)), `${CERTIFICATE.trim()}\n${NEXT_CERTIFICATE.trim()}\n`);
  const der = new X509Certificate(CERTIFICATE).raw;
  assert.is(printOf(toPem(der)), printOf(CERTIFICATE));
  assert.is(toPem(Buffer.from('no certificate')), '');
});

test('goes with the secret that was typed for the same connection, and for no other', () => {
  const secrets = createTypedSecrets();
  const basic = { kind: 'basic', username: 'relay', password: 'planted' } as const;
  secrets.keep({ id: 'a', version: 2 }, { authentication: basic });
  assert.equal(secrets.of({ id: 'a', version: 2 }), { password: 'planted' });
  assert.equal(secrets.of({ id: 'a', version: 3 }), {});
  assert.equal(secrets.of({ id: 'b', version: 2 }), {});
  secrets.keep({ id: 'a', version: 3 }, { authentication: { kind: 'none' } });
  assert.equal(secrets.of({ id: 'a', version: 3 }), {});
});

test.run();
