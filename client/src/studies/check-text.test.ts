/** A receipt is checked from its code, as a saved file and as a sheet; a changed byte is found in each. */
import { generateKeyPairSync } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatFullMoment } from '../kit/format.ts';
import { CompactSign } from 'jose';
import {
  RECEIPT_CODE_TYPE,
  RECEIPT_SHEET_TYPE,
  receiptCodeSchema,
  sealLine,
  type ReceiptCode,
} from '#shared/protocol/receipt-sheet.ts';
import { toHex } from '#shared/transfer/digest.ts';
import { checkText, toCharacters } from './check-text.ts';
import { factsOf } from './receipt-facts.ts';

const test = suite('checking what a person has of a receipt');
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const KEYS = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'EdDSA' }] };
const CODE: ReceiptCode = {
  jti: '11111111-1111-4111-8111-111111111111',
  iat: 1,
  studyInstanceUID: '1.2.3',
  revision: 1,
  policy: { name: 'deidentified', version: 3 },
  root: 'a'.repeat(64),
  counts: { stored: 2 },
};

const sign = (content: object, typ: string): Promise<string> =>
  new CompactSign(new TextEncoder().encode(JSON.stringify(content)))
    .setProtectedHeader({ alg: 'EdDSA', kid: 'k', typ })
    .sign(privateKey);

/** Bytes above 127 are in every PDF. */
async function sheet(): Promise<Uint8Array> {
  const page = Uint8Array.from([...new TextEncoder().encode('%PDF-1.7\n'), 0x80, 0x93, 0xff, 0x0a]);
  const sealed = await sign(
    { digest: toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', page))), receipts: [CODE, CODE] },
    RECEIPT_SHEET_TYPE,
  );
  return Uint8Array.from([...page, ...new TextEncoder().encode(sealLine(sealed))]);
}

test('the text of a code holds, also pasted with line breaks, and no changed one does', async () => {
  const jws = await sign(CODE, RECEIPT_CODE_TYPE);
  const pasted = ` ${jws.slice(0, 60)}\n${jws.slice(60)}\r\n`;
  for (const text of [jws, pasted])
    assert.equal(await checkText(text, KEYS), { kind: 'holds', as: 'code', codes: [CODE] });
  for (let at = 0; at < jws.length; at += 1) {
    const changed = jws.slice(0, at) + (jws[at] === 'A' ? 'B' : 'A') + jws.slice(at + 1);
    assert.is((await checkText(changed, KEYS)).kind, 'fault', `character ${at}`);
  }
  assert.equal(await checkText('a parking ticket', KEYS), { kind: 'fault', fault: 'unreadable' });
});

test('a sheet names each of its receipts, and each changed byte is found', async () => {
  const bytes = await sheet();
  assert.equal(await checkText(toCharacters(bytes), KEYS), {
    kind: 'holds',
    as: 'file',
    codes: [CODE, CODE],
  });
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Uint8Array.from(bytes);
    changed[at]! ^= 1;
    assert.is((await checkText(toCharacters(changed), KEYS)).kind, 'fault', `byte ${at}`);
  }
});

/** Every string and number in it. */
const valuesOf = (content: object): readonly string[] =>
  Object.values(content).flatMap((value) =>
    typeof value === 'object' && value !== null ? valuesOf(value) : [`${value}`],
  );

test('whatever a code holds is said with a label, as the paper has it', () => {
  const counts = { stored: 11, coerced: 20, 'already-stored': 30, refused: 4, quarantined: 5, 'left-out': 6 };
  const more = { firstOnly: 3, notStored: 9, withheld: { damaged: 8 } };
  const times = { iat: 1_700_000_000, confirmed: 1_699_990_000 };
  const code: ReceiptCode = { ...CODE, ...times, revision: 7, counts, ...more };
  assert.equal(Object.keys(code).sort(), Object.keys(receiptCodeSchema.shape).sort(), 'no field is missing');
  const facts = factsOf(code);
  assert.ok(
    facts.every(([label]) => label !== '') && new Set(facts.map(([label]) => label)).size === facts.length,
  );
  const said = facts.map(([, text]) => text).join('\n');
  const { iat: _, confirmed: __, counts: ___, withheld: ____, ...plain } = code;
  for (const value of [
    ...valuesOf(plain),
    formatFullMoment(new Date(times.iat * 1000)),
    '2023-11-14 22:13 UTC',
    '2023-11-14 19:26 UTC',
    '61 images',
    '4 refused',
    '5 waiting for a decision',
    '6 left out',
    '8 damaged',
  ])
    assert.ok(said.includes(value), value);
  assert.not.ok(factsOf(CODE).some(([label]) => label === 'Not in the PACS'));
});

test('names what was never sent', () => {
  const facts = new Map(factsOf({ ...CODE, withheld: { 'left-out': 1, damaged: 2, held: 3 } }));
  assert.is(
    facts.get('Not in the PACS'),
    '1 left out by a person before sending, 2 damaged or missing on the disc, and not sent, 3 held back',
  );
});

test.run();
