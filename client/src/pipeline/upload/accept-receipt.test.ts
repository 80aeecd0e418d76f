import { CompactSign, exportJWK, generateKeyPair, type JWK } from 'jose';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { merkleRoot, RECEIPT_TYPE, type Receipt } from '#shared/protocol/receipt.ts';
import type { InstanceKey } from '../queue/upload-queue.ts';
import { acceptReceipt, verifyReceipt } from './accept-receipt.ts';
import { recordedReceipt } from '../../testing/recorded-receipt.ts';

const STUDY = '1.2.3';
const INSTANCES: Receipt['instances'] = [
  { sopInstanceUID: '1.2.3.1', digest: 'a'.repeat(64), bytes: 10, state: 'stored', proof: 'found' },
  { sopInstanceUID: '1.2.3.2', digest: 'b'.repeat(64), bytes: 20, state: 'refused', reason: 'pacs-refused' },
];

async function keyPair(): Promise<{ privateKey: CryptoKey; jwk: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'EdDSA', use: 'sig' } };
}

async function signed(
  privateKey: CryptoKey,
  changes: Partial<Receipt> = {},
  header: Record<string, unknown> = {},
): Promise<string> {
  const root = await merkleRoot(INSTANCES);
  const own = { jti: crypto.randomUUID(), iss: 'http://gateway', studyInstanceUID: STUDY, revision: 1 };
  const receipt = recordedReceipt({ ...own, root, instances: INSTANCES, ...changes });
  return new CompactSign(new TextEncoder().encode(JSON.stringify(receipt)))
    .setProtectedHeader({ alg: 'EdDSA', kid: 'k1', typ: RECEIPT_TYPE, ...header })
    .sign(privateKey);
}

test('a genuine receipt is accepted; one with a changed byte anywhere is not', async () => {
  const { privateKey, jwk } = await keyPair();
  const jws = await signed(privateKey);
  assert.is((await verifyReceipt(jws, { keys: [jwk] })).kind, 'holds');
  for (let at = 0; at < jws.length; at += 1) {
    for (const other of ['A', 'B', '.', '=', '\n']) {
      if (jws[at] === other) continue;
      const check = await verifyReceipt(jws.slice(0, at) + other + jws.slice(at + 1), { keys: [jwk] });
      assert.is(check.kind, 'fault', `${other} at ${at}`);
    }
  }
  for (const padded of [`${jws}\n`, ` ${jws}`, `${jws}=`, `${jws}A`])
    assert.is((await verifyReceipt(padded, { keys: [jwk] })).kind, 'fault');
});

test('a different encoding of the same signature is a changed file', async () => {
  const { privateKey, jwk } = await keyPair();
  const jws = await signed(privateKey);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  // 64 bytes of signature leave 4 unused bits in the last character: 15 other characters decode to the same
  // bytes.
  const last = alphabet.indexOf(jws.at(-1)!);
  for (let bits = 1; bits < 16; bits += 1) {
    assert.is((await verifyReceipt(jws.slice(0, -1) + alphabet[last + bits], { keys: [jwk] })).kind, 'fault');
  }
});

test('a key inside the receipt proves nothing, nor does another token of the same gateway', async () => {
  const gateway = await keyPair();
  const stranger = await keyPair();
  const forged = await signed(stranger.privateKey, {}, { jwk: stranger.jwk });
  assert.equal(await verifyReceipt(forged, { keys: [gateway.jwk] }), { kind: 'fault', fault: 'signature' });
  const token = await signed(gateway.privateKey, {}, { typ: 'at+jwt' });
  assert.equal(await verifyReceipt(token, { keys: [gateway.jwk] }), { kind: 'fault', fault: 'signature' });
});

test('a receipt must be about this study and name each instance that was sent, with its digest', async () => {
  const { privateKey, jwk } = await keyPair();
  const keys = { keys: [jwk] };
  const ours = { studyInstanceUID: STUDY, instances: INSTANCES };
  const faultOf = async (
    jws: string,
    what: { studyInstanceUID: string; instances: readonly InstanceKey[] } = ours,
  ) => {
    const check = await acceptReceipt(jws, keys, what);
    return check.kind === 'fault' ? check.fault : null;
  };
  const jws = await signed(privateKey);
  assert.is(await faultOf(jws), null);
  assert.is(await faultOf(jws, { ...ours, studyInstanceUID: '1.2.4' }), 'other-study');
  assert.is(
    await faultOf(jws, { ...ours, instances: [{ sopInstanceUID: '1.2.3.1', digest: 'c'.repeat(64) }] }),
    'instance-missing',
  );
  assert.is(await faultOf(await signed(privateKey, { root: '0'.repeat(64) })), 'merkle-root');
  assert.is(await faultOf('not a receipt'), 'unreadable');
});

test.run();
