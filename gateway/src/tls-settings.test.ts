/** Certificates that no client would accept are named at the start, with what is wrong with them. */
import { createPrivateKey } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  CERTIFICATE,
  CERTIFICATE_KEY,
  EXPIRED_CERTIFICATE,
  NEXT_CERTIFICATE_KEY,
  PRIVATE_CA,
  PRIVATE_CERTIFICATE,
  PRIVATE_CERTIFICATE_KEY,
  WARD_CERTIFICATE,
} from './testing/certificate.ts';
import { tlsPairOf } from './tls-settings.ts';

const test = suite<{ folder: string }>('certificates among the settings');
test.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'relay-tls-'));
});
test.after.each(({ folder }) => rm(folder, { recursive: true, force: true }));

/** The mistakes that are told, and whether there is a pair to serve. */
async function read(folder: string, cert: string, key: string) {
  const env = { RELAY_TLS_CERT: join(folder, 'cert.pem'), RELAY_TLS_KEY: join(folder, 'key.pem') };
  await writeFile(env.RELAY_TLS_CERT, cert);
  await writeFile(env.RELAY_TLS_KEY, key);
  const mistakes: string[] = [];
  const names = { certName: 'RELAY_TLS_CERT', keyName: 'RELAY_TLS_KEY' } as const;
  const pair = tlsPairOf(env, names, (mistake) => void mistakes.push(mistake));
  return { mistakes, isServed: pair !== null };
}

test('a certificate alone, and one with its chain, are served', async ({ folder }) => {
  const served = { mistakes: [], isServed: true };
  assert.equal(await read(folder, CERTIFICATE, CERTIFICATE_KEY), served);
  assert.equal(await read(folder, PRIVATE_CERTIFICATE + PRIVATE_CA, PRIVATE_CERTIFICATE_KEY), served);
});

test('another key, a wrong or reversed chain, an expired certificate and foreign files are each named', async ({
  folder,
}) => {
  const locked = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const;
  const encrypted = createPrivateKey(CERTIFICATE_KEY).export(locked) as string;
  for (const [cert, key, said] of [
    [CERTIFICATE, NEXT_CERTIFICATE_KEY, /^RELAY_TLS_KEY is not the key of localhost, the first certificate/],
    [
      PRIVATE_CA + PRIVATE_CERTIFICATE,
      PRIVATE_CERTIFICATE_KEY,
      /^RELAY_TLS_KEY is not the key of Hospital CA/,
    ],
    [
      PRIVATE_CERTIFICATE + WARD_CERTIFICATE,
      PRIVATE_CERTIFICATE_KEY,
      /^RELAY_TLS_CERT is no chain: pacs\.hospital\.test was not issued by pacs\.ward\.test/,
    ],
    [
      EXPIRED_CERTIFICATE,
      CERTIFICATE_KEY,
      /^RELAY_TLS_CERT .* expired: localhost, on \d{4}-\d\d-\d\d\. Renew/,
    ],
    [CERTIFICATE_KEY, CERTIFICATE_KEY, /^RELAY_TLS_CERT must be a certificate/],
    [CERTIFICATE, encrypted, /^RELAY_TLS_KEY must be a key in PEM without a password/],
  ] as const) {
    const { mistakes, isServed } = await read(folder, cert, key);
    assert.equal([mistakes.length, isServed], [1, false], mistakes.join());
    assert.match(mistakes[0]!, said);
  }
});

test.run();
