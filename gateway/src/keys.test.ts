import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createOpener, createSealer } from '#shared/transfer/seal.ts';
import { openKeys } from './keys.ts';

const test = suite('the gateway’s keys');
const STARTS = 4;
const OPEN_IN_A_WORKER = `
const { parentPort, workerData } = require('node:worker_threads');
import(workerData.module).then(({ openKeys }) => {
  parentPort.postMessage('ready');
  parentPort.once('message', async () => {
    const { jwks, wrapKey, policyKey } = openKeys(workerData.folder);
    const { tagKey } = await policyKey({ name: 'own', key: 1 });
    parentPort.postMessage(JSON.stringify([jwks(), [...wrapKey], [...tagKey]]));
  });
});`;

async function inFolder(run: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'relay-keys-'));
  try {
    await run(join(folder, 'keys'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('gateways that start at once on an empty data directory end with the same keys, and leave nothing else there', () =>
  inFolder(async (folder) => {
    const module = new URL('./keys.ts', import.meta.url).href;
    const workers = Array.from(
      { length: STARTS },
      () => new Worker(OPEN_IN_A_WORKER, { eval: true, workerData: { module, folder } }),
    );
    const next = (worker: Worker): Promise<unknown> =>
      new Promise((resolve, reject) => void worker.once('message', resolve).once('error', reject));
    await Promise.all(workers.map(next));
    const opened = Promise.all(workers.map(next));
    for (const worker of workers) worker.postMessage('go');
    assert.is(new Set(await opened).size, 1);
    await Promise.all(workers.map((worker) => worker.terminate()));
    assert.equal(
      readdirSync(folder).filter((name) => name.endsWith('.new')),
      [],
    );
    for (const name of readdirSync(folder)) assert.is(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  }));

test('a damaged key aborts the start; no new key hides the loss', () =>
  inFolder((folder) => {
    openKeys(folder);
    writeFileSync(join(folder, 'wrap.key'), 'short');
    assert.throws(() => openKeys(folder), /is damaged/);
  }));

test('renaming its file retires the key that devices seal to: parcels sealed before still open', () =>
  inFolder(async (folder) => {
    const before = openKeys(folder).sealing[0];
    const sealer = await createSealer(before.jwk, 'parcel');
    const sealed = await sealer.seal(new Uint8Array([1, 2, 3]), 0, true);
    renameSync(join(folder, 'sealing.pem'), join(folder, 'sealing.2026-11.pem'));
    const [now, ...retired] = openKeys(folder).sealing;
    assert.is.not(now.jwk.kid, before.jwk.kid);
    assert.equal(openKeys(folder).sealing[0].jwk, now.jwk, 'the next start keeps the new one');
    const kept = retired.find(({ jwk }) => jwk.kid === before.jwk.kid)!;
    const opener = await createOpener(
      kept.privateKey.toCryptoKey('X25519', false, ['deriveBits']) as CryptoKey,
      sealer.enc,
      'parcel',
    );
    assert.equal([...(await opener.open(sealed, true))!], [1, 2, 3]);
  }));

test('when a pair is changed, a running gateway also knows the new one, which other gateways sign with and let devices seal to', () =>
  inFolder((folder) => {
    let now = 0;
    const running = openKeys(folder, () => now);
    assert.is(running.sealingKey('nobody’s'), undefined);
    for (const name of ['sealing', 'tokens', 'receipts'])
      renameSync(join(folder, `${name}.pem`), join(folder, `${name}.2026-11.pem`));
    const restarted = openKeys(folder);
    now += 1_000;
    const [sealedTo] = restarted.sealing;
    assert.is.not(sealedTo.jwk.kid, running.sealing[0].jwk.kid);
    assert.ok(running.sealingKey(sealedTo.jwk.kid));
    assert.ok(running.tokenKey(restarted.tokens.kid));
    assert.ok(restarted.tokenKey(running.tokens.kid), 'earlier signatures still hold');
    assert.equal(
      new Set(running.jwks().keys.map(({ kid }) => kid)),
      new Set(restarted.jwks().keys.map(({ kid }) => kid)),
    );
  }));

test('a sealing key is named by its RFC 7638 thumbprint', () =>
  inFolder((folder) => {
    const { kid, crv, kty, x } = openKeys(folder).sealing[0].jwk;
    assert.is(kid, createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url'));
    assert.equal([crv, kty], ['X25519', 'OKP']);
  }));

test.run();
