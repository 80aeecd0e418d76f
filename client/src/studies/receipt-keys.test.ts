/** The code of a receipt is checked without a network, against the keys of last time. */
import { generateKeyPairSync } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CompactSign } from 'jose';
import { RECEIPT_CODE_TYPE } from '#shared/protocol/receipt-sheet.ts';
import { Unreachable } from '../net/api-client.ts';
import { verifyReceiptCode } from '../pipeline/upload/accept-receipt.ts';
import { ownStorage } from '../testing/own-storage.ts';
import { receiptKeys } from './receipt-keys.ts';

const test = suite('the keys of receipts on this device');
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const SET = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'EdDSA' }] };
const CODE = {
  jti: '11111111-1111-4111-8111-111111111111',
  iat: 1,
  studyInstanceUID: '1.2.3',
  revision: 1,
  policy: { name: 'identified', version: 1 },
  root: 'a'.repeat(64),
  counts: { stored: 3 },
};
const sign = () =>
  new CompactSign(new TextEncoder().encode(JSON.stringify(CODE)))
    .setProtectedHeader({ alg: 'EdDSA', kid: 'k', typ: RECEIPT_CODE_TYPE })
    .sign(privateKey);

const online = { text: async () => JSON.stringify(SET) };
const offline = {
  text: async (): Promise<string> => {
    throw new Unreachable('no network');
  },
};

test('a code verifies offline once the keys were heard, and no changed character does', async () => {
  const place = ownStorage();
  assert.is(await receiptKeys(offline, place), null, 'never heard any');
  await receiptKeys(online, place);
  const keys = await receiptKeys(offline, place);
  const code = await sign();
  assert.equal(await verifyReceiptCode(code, keys!), CODE);
  for (let at = 0; at < code.length; at += 1) {
    const changed = `${code.slice(0, at)}${code[at] === 'A' ? 'B' : 'A'}${code.slice(at + 1)}`;
    assert.type(await verifyReceiptCode(changed, keys!), 'string', `character ${at}`);
  }
});

test('an answer without keys, and storage that holds something else, are no keys', async () => {
  const place = ownStorage();
  assert.is(await receiptKeys({ text: async () => '<h1>Room number?</h1>' }, place), null);
  place.setItem('relaypacs-receipt-keys', '{"keys":[]}');
  assert.is(await receiptKeys(offline, place), null);
});

test.run();
