import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isInClearText, ConfigMistakes, readConfig } from './config.ts';
import { CERTIFICATE, CERTIFICATE_KEY, PRIVATE_CA, PRIVATE_CERTIFICATE } from './testing/certificate.ts';

const PACS = { PACS_URL: 'http://127.0.0.1:8042/dicom-web/' };

function mistakesOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigMistakes) return error.mistakes;
    throw error;
  }
}

test('only the PACS must be set', () => {
  const config = readConfig(PACS);
  assert.equal(
    [config.port, config.webPort, config.host, config.publicUrl],
    [8080, 3000, '127.0.0.1', 'http://localhost:3000'],
  );
  assert.equal(
    [config.policy, config.database.kind, config.blobs.kind, config.pacs.url],
    ['deidentified', 'folder', 'folder', 'http://127.0.0.1:8042/dicom-web'],
  );
});

test('the DIMSE port is off unless it is set, and listens on this machine unless told', () => {
  assert.is(readConfig(PACS).dimse, null);
  const on = { ...PACS, RELAY_DIMSE_PORT: '11112' };
  assert.equal(readConfig(on).dimse, {
    ...{ host: '127.0.0.1', port: 11_112, aeTitle: 'RELAYPACS' },
    tls: null,
  });
  const there = { ...on, RELAY_DIMSE_HOST: '10.1.0.5', RELAY_DIMSE_AE_TITLE: 'RELAY 1' };
  assert.equal(readConfig(there).dimse, {
    ...{ host: '10.1.0.5', port: 11_112, aeTitle: 'RELAY 1' },
    tls: null,
  });
  for (const [name, value] of [
    ['RELAY_DIMSE_PORT', '0'],
    ['RELAY_DIMSE_PORT', '8080'],
    ['RELAY_DIMSE_HOST', 'everywhere'],
    ['RELAY_DIMSE_AE_TITLE', 'MORE_THAN_SIXTEEN'],
    ['RELAY_DIMSE_TLS_CA', '/nowhere/ca.pem'],
  ] as const)
    assert.match(mistakesOf({ ...on, [name]: value }).join(), new RegExp(`^${name} must`));
});

test('all mistakes are reported at once, each with an example, and no message repeats a secret', () => {
  const secret = 'hunter2';
  const mistakes = mistakesOf({
    RELAY_PORT: 'eighty',
    RELAY_WEB_PORT: '0',
    RELAY_PUBLIC_URL: 'http://relay.example.org',
    DATABASE_URL: `mysql://me:${secret}@db/x`,
    BLOB_URL: 'ftp://x',
    RELAY_POLICY: 'none',
    RELAY_RATE_LIMIT: '-1',
    RELAY_ADMIN_PASSWORD: secret,
    RELAY_UPLOAD_EXPIRES_HOURS: '0',
    RELAY_PACS_LAG_MINUTES: '-1',
    RELAY_LABEL_HOURS: 'never',
    RELAY_LOCK_MINUTES: '481',
    RELAY_PACS_PROOF: 'promise',
    RELAY_LINK_LOCAL: 'no',
    RELAY_HOST: '0.0.0.0',
    RELAY_TLS_CERT: '/nowhere/cert.pem',
    RELAY_TLS_KEY: '/nowhere/key.pem',
    RELAY_TRUSTED_PROXIES: 'everybody',
    PACS_URL: `http://me:${secret}@pacs/`,
  });
  const names = [
    'RELAY_PORT',
    'RELAY_WEB_PORT',
    'RELAY_PUBLIC_URL',
    'RELAY_ADMIN_PASSWORD',
    'DATABASE_URL',
    'BLOB_URL',
    'RELAY_POLICY',
    'PACS_URL',
    'RELAY_RATE_LIMIT',
    'RELAY_UPLOAD_EXPIRES_HOURS',
    'RELAY_PACS_LAG_MINUTES',
    'RELAY_LABEL_HOURS',
    'RELAY_LOCK_MINUTES',
    'RELAY_PACS_PROOF',
    'RELAY_LINK_LOCAL',
    'RELAY_TLS_CERT',
    'RELAY_TLS_KEY',
    'RELAY_TRUSTED_PROXIES',
  ];
  for (const name of names)
    assert.ok(
      mistakes.some((mistake) => mistake.startsWith(name)),
      `${name} in ${mistakes.join('\n')}`,
    );
  assert.is(mistakes.length, names.length);
  assert.not.match(mistakes.join('\n'), secret);
});

test('no setting but one lets the gateway connect to link-local addresses', () => {
  const isRefused = (env: object): boolean =>
    readConfig({ ...PACS, ...env }).blocked.check('169.254.169.254');
  assert.equal([isRefused({}), isRefused({ RELAY_LINK_LOCAL: 'allow' })], [true, false]);
});

test('a store that this version does not support is refused with the other settings', () => {
  const mistakes = mistakesOf({ ...PACS, BLOB_URL: 's3://parcels', RELAY_POLICY: 'none' });
  assert.is(mistakes.length, 2);
  assert.match(mistakes.join('\n'), /BLOB_URL cannot name an s3: store.*Use file:/);
});

test('images and passwords do not travel in the clear: a public address needs https', () => {
  assert.is(mistakesOf({ ...PACS, RELAY_PUBLIC_URL: 'http://10.0.0.7:3000' }).length, 1);
  for (const url of ['http://localhost:3000', 'http://127.0.0.1:9', 'http://[::1]:3000']) {
    assert.is(readConfig({ ...PACS, RELAY_PUBLIC_URL: url }).host, '127.0.0.1');
  }
});

test('both ports stay on this machine unless RELAY_HOST says otherwise, whatever the public address', () => {
  assert.is(readConfig({ ...PACS, RELAY_PUBLIC_URL: 'https://relay.example.org/' }).host, '127.0.0.1');
});

test('another address than the loopback needs TLS, or the proxies that end it', () => {
  for (const host of ['0.0.0.0', '::', '10.1.0.7']) {
    const [mistake, ...more] = mistakesOf({ ...PACS, RELAY_HOST: host });
    assert.match(mistake ?? '', /^RELAY_HOST .*RELAY_TLS_CERT and RELAY_TLS_KEY.*RELAY_TRUSTED_PROXIES/);
    assert.equal(more, []);
    const behind = readConfig({ ...PACS, RELAY_HOST: host, RELAY_TRUSTED_PROXIES: '10.1.0.8, fd00::/8' });
    assert.equal([behind.host, behind.trustedProxies.has('10.1.0.8')], [host, true]);
  }
  for (const host of ['127.0.0.1', 'localhost', '::1', '[::1]'])
    assert.equal(mistakesOf({ ...PACS, RELAY_HOST: host }), [], host);
  assert.is(mistakesOf({ ...PACS, RELAY_HOST: 'relay.example.org' }).length, 1);
  assert.is(mistakesOf({ ...PACS, RELAY_TRUSTED_PROXIES: 'proxy.example.org' }).length, 1);
});

test('the DIMSE port has a certificate of its own, and asks for one where it has authorities', () => {
  const folder = mkdtempSync(join(tmpdir(), 'relaypacs-config-'));
  const fileOf = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const on = { ...PACS, RELAY_DIMSE_PORT: '11112' };
  const pair = {
    RELAY_DIMSE_TLS_CERT: fileOf('cert.pem', CERTIFICATE),
    RELAY_DIMSE_TLS_KEY: fileOf('key.pem', CERTIFICATE_KEY),
  };
  const files = { certFile: pair.RELAY_DIMSE_TLS_CERT, keyFile: pair.RELAY_DIMSE_TLS_KEY };
  const read = { cert: CERTIFICATE, key: CERTIFICATE_KEY, ...files };
  assert.equal(readConfig({ ...on, ...pair }).dimse?.tls, { ...read, ca: null });
  const RELAY_DIMSE_TLS_CA = fileOf('ca.pem', PRIVATE_CA);
  assert.equal(readConfig({ ...on, ...pair, RELAY_DIMSE_TLS_CA }).dimse?.tls, { ...read, ca: PRIVATE_CA });
  const { RELAY_DIMSE_TLS_CERT } = pair;
  const wrong: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{ RELAY_DIMSE_TLS_CERT }, /^RELAY_DIMSE_TLS_CERT and RELAY_DIMSE_TLS_KEY must be set together/],
    [{ RELAY_DIMSE_TLS_CA }, /^RELAY_DIMSE_TLS_CA .* needs TLS/],
    [{ ...pair, RELAY_DIMSE_TLS_CA: pair.RELAY_DIMSE_TLS_KEY }, /^RELAY_DIMSE_TLS_CA must hold/],
    [
      { ...pair, RELAY_DIMSE_TLS_CA: fileOf('own.pem', PRIVATE_CERTIFICATE) },
      /^RELAY_DIMSE_TLS_CA must hold/,
    ],
  ];
  for (const [set, said] of wrong) {
    const mistakes = mistakesOf({ ...on, ...set });
    assert.is(mistakes.length, 1, mistakes.join());
    assert.match(mistakes[0]!, said);
  }
  rmSync(folder, { recursive: true });
});

test('TLS is served with a certificate and its own key, and with nothing else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'relaypacs-config-'));
  const fileOf = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const RELAY_TLS_CERT = fileOf('cert.pem', CERTIFICATE);
  const RELAY_TLS_KEY = fileOf('key.pem', CERTIFICATE_KEY);
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const otherKey = fileOf('other.pem', other.export({ type: 'pkcs8', format: 'pem' }) as string);
  const tls = { ...PACS, RELAY_TLS_CERT, RELAY_TLS_KEY };
  const config = readConfig({ ...tls, RELAY_HOST: '0.0.0.0' });
  assert.equal([config.host, config.publicUrl], ['0.0.0.0', 'https://localhost:3000']);
  assert.equal(config.tls, {
    cert: CERTIFICATE,
    key: CERTIFICATE_KEY,
    certFile: RELAY_TLS_CERT,
    keyFile: RELAY_TLS_KEY,
  });
  const wrong: Record<string, string>[] = [
    { ...PACS, RELAY_TLS_CERT },
    { ...PACS, RELAY_TLS_KEY },
    { ...tls, RELAY_TLS_KEY: otherKey },
    { ...tls, RELAY_TLS_CERT: RELAY_TLS_KEY },
    { ...tls, RELAY_TLS_KEY: join(folder, 'absent.pem') },
    { ...tls, RELAY_PUBLIC_URL: 'http://localhost:3000' },
  ];
  for (const env of wrong)
    assert.is(mistakesOf({ ...env, RELAY_HOST: '127.0.0.1' }).length, 1, JSON.stringify(env));
  rmSync(folder, { recursive: true });
});

test('the limit of requests can be set or switched off', () => {
  assert.is(readConfig({ ...PACS, RELAY_RATE_LIMIT: 'off' }).rateLimit, null);
  assert.is(readConfig({ ...PACS, RELAY_RATE_LIMIT: '60' }).rateLimit, 60);
  const open = { ...PACS, RELAY_HOST: '0.0.0.0', RELAY_TRUSTED_PROXIES: '10.0.0.0/8' };
  assert.equal(mistakesOf({ ...open, RELAY_RATE_LIMIT: '60' }), []);
  assert.match(mistakesOf({ ...open, RELAY_RATE_LIMIT: 'off' })[0] ?? '', /^RELAY_RATE_LIMIT=off/);
});

test('the proxy for PACSs, and the hosts that are reached without it, are set in capitals or in small letters', () => {
  const proxyOf = (env: Record<string, string>) => readConfig({ ...PACS, ...env }).pacsProxy;
  const url = 'http://proxy.example.org:3128';
  const except = 'pacs.ward.test, .lab.test';
  assert.equal(proxyOf({ HTTPS_PROXY: url, NO_PROXY: except }), { url, except });
  assert.equal(proxyOf({ https_proxy: url, no_proxy: except }), { url, except });
  assert.equal(proxyOf({ HTTPS_PROXY: url, https_proxy: 'http://other.example.org' }), { url, except: '' });
  assert.is(proxyOf({ NO_PROXY: except, HTTP_PROXY: url }), null, 'for https: alone');
  for (const wrong of ['proxy.example.org:3128', 'socks5://me:hunter2@proxy.example.org']) {
    const mistakes = mistakesOf({ ...PACS, HTTPS_PROXY: wrong }).join();
    assert.match(mistakes, /^HTTPS_PROXY must be .*for example HTTPS_PROXY=http:/);
    assert.not.match(mistakes, 'hunter2');
  }
});

test('half the world is no trusted proxy', () => {
  for (const wide of ['0.0.0.0/0', '128.0.0.0/1', '10.0.0.0/7', '::/0', 'fc00::/6'])
    assert.is(mistakesOf({ ...PACS, RELAY_TRUSTED_PROXIES: wide }).length, 1, wide);
  assert.equal(mistakesOf({ ...PACS, RELAY_TRUSTED_PROXIES: '10.0.0.0/8, fc00::/7' }), []);
});

test('the heads of the audit trail are not kept beside the database', () => {
  const places = (path: string) =>
    mistakesOf({ ...PACS, RELAY_DATA_DIR: '/var/lib/relay', RELAY_AUDIT_URL: `file://${path}` }).length;
  assert.equal(
    ['/var/lib/relay/heads', '/var/lib/relay/../relay/a/heads', '/var/lib/relay-audit/heads'].map(places),
    [1, 1, 0],
  );
});

test('folders as destinations lie beneath one folder that is neither the disk nor among the gateway’s own', () => {
  const mistakes = (path: string) =>
    mistakesOf({ ...PACS, RELAY_DATA_DIR: '/var/lib/relay', RELAY_FOLDER_ROOT: path }).length;
  assert.equal(
    ['/', 'dicom', '/var/lib/relay', '/var/lib/relay/pacs', '/var/lib', '/srv/dicom', '/var/lib/relay-2'].map(
      mistakes,
    ),
    [1, 1, 1, 1, 1, 0, 0],
  );
});

test('a PACS on another machine is reached in clear text over http, and only there', () => {
  assert.equal(
    ['http://10.1.2.3/dicom-web', 'https://10.1.2.3/dicom-web', 'http://127.0.0.1:8042/dicom-web'].map(
      isInClearText,
    ),
    [true, false, false],
  );
});

test('an unfinished parcel is kept for a week, or as long as the setting says', () => {
  assert.is(readConfig(PACS).uploadExpiresHours, 168);
  assert.is(readConfig({ ...PACS, RELAY_UPLOAD_EXPIRES_HOURS: '12' }).uploadExpiresHours, 12);
  for (const wrong of ['1.5', 'never', '100000'])
    assert.is(mistakesOf({ ...PACS, RELAY_UPLOAD_EXPIRES_HOURS: wrong }).length, 1);
});

test.run();
