/** `relay receipt verify` says in words why a PACS changed instances or did not take them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompactSign, exportJWK, generateKeyPair } from 'jose';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { merkleRoot, RECEIPT_TYPE, type Receipt } from '#shared/protocol/receipt.ts';
import { relay } from '../relay.ts';

const instance = (nth: number, digit: string) => ({
  ...{ sopInstanceUID: `1.2.${nth}`, digest: digit.repeat(64), bytes: 1 },
});
const INSTANCES: Receipt['instances'] = [
  { ...instance(1, 'a'), state: 'coerced', pacsCode: 0xb006, proof: 'found' },
  { ...instance(2, 'b'), state: 'coerced', pacsCode: 0xb006 },
  { ...instance(3, 'c'), state: 'stored', proof: 'read-back', committed: true },
];

async function receiptWithDestinations(): Promise<Receipt> {
  return {
    ...{ jti: crypto.randomUUID(), iss: 'http://gateway', iat: 1, version: 1 },
    ...{
      studyInstanceUID: '1.2',
      revision: 1,
      policy: { name: 'identified', version: 1 },
      pacs: 'http://pacs',
    },
    root: await merkleRoot(INSTANCES),
    instances: INSTANCES,
    withheld: { 'left-out': 1, 'left-out-other-patient': 4, damaged: 2, held: 3 },
    destinations: [
      {
        ...{ name: 'archive', pacs: 'http://archive', need: 'required' },
        instances: [
          { state: 'stored', digest: 'a'.repeat(64), committed: true },
          { state: 'stored', digest: 'd'.repeat(64) },
          { state: 'left-out', reason: 'destination-given-up' },
        ],
        givenUpAt: '2026-11-22T06:51:00.000Z',
      },
      { name: 'late', pacs: 'http://late', need: 'also' },
    ],
  };
}

test('the codes of the PACS are explained', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-verify-'));
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
  const receipt = await receiptWithDestinations();
  const jws = await new CompactSign(new TextEncoder().encode(JSON.stringify(receipt)))
    .setProtectedHeader({ alg: 'EdDSA', kid: 'k1', typ: RECEIPT_TYPE })
    .sign(privateKey);
  const file = join(folder, 'study.receipt.jws');
  const jwks = join(folder, 'jwks.json');
  const key = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'EdDSA' };
  await Promise.all([writeFile(file, jws), writeFile(jwks, JSON.stringify({ keys: [key] }))]);

  const printed: string[] = [];
  const around = {
    env: {},
    signal: new AbortController().signal,
    print: (line: string) => void printed.push(line),
    say: (line: string) => assert.unreachable(line),
  };
  assert.is(await relay(['receipt', 'verify', file, '--jwks', jwks], around), 0);
  assert.is(await relay(['receipt', 'verify', file, '--jwks', jwks, '--json'], around), 0);
  await rm(folder, { recursive: true, force: true });
  const outcomes =
    '2 coerced, 1 stored, 1 left out by a person before sending, 4 left out by a person: of another patient, 2 damaged or missing on the disc, and not sent, 3 held back.';
  assert.match(printed[0]!, /^This receipt is genuine: study 1\.2, revision 1, /);
  assert.ok(printed[0]!.endsWith(outcomes), printed[0]);
  assert.is(
    printed[1],
    'Proof: 1 listed by the PACS, 1 read back and compared byte for byte, 1 that the PACS promised to keep (storage commitment).',
  );
  assert.equal(printed.slice(2, 4), [
    'Further destination archive (required), http://archive: 2 of 3 are there, 1 of them with the expected digest; it promised to keep 1; given up by an administrator, 2026-11-22T06:51:00.000Z.',
    'Further destination late (also), http://late: not complete there when this receipt was signed.',
  ]);
  assert.is(
    printed[4],
    'The PACS gave code B006H for 2 images: The PACS removed elements from the image when it stored it. ' +
      'Check its coercion rules if you did not expect that.',
  );
  const { pacsReasons, proofs, withheld } = JSON.parse(printed[5]!) as {
    withheld: Record<string, number>;
    pacsReasons: { code: string; count: number }[];
    proofs: Record<string, number>;
  };
  assert.equal(withheld, { 'left-out': 1, 'left-out-other-patient': 4, damaged: 2, held: 3 });
  assert.equal(proofs, { found: 1, digest: 0, 'read-back': 1, committed: 1 });
  assert.equal(
    pacsReasons.map(({ code, count }) => [code, count]),
    [['B006H', 2]],
  );
});

test.run();
