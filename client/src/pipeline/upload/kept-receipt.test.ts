import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { destinationsOf } from '#shared/protocol/receipt.ts';
import { formatFullMoment } from '../../kit/format.ts';
import {
  deidentificationLine,
  furtherLine,
  notFromHere,
  otherDigests,
  pacsReasonLines,
  proofLines,
  receiptFacts,
  receiptFileName,
  summaryOf,
} from './kept-receipt.ts';
import { readReceipt } from '../queue/read-receipt.ts';
import { recordedReceipt } from '../../testing/recorded-receipt.ts';

const digest = 'a'.repeat(64);
const receipt = recordedReceipt({
  instances: [
    { sopInstanceUID: '1.2.3.1', digest, bytes: 10, state: 'stored', proof: 'found', committed: true },
    { sopInstanceUID: '1.2.3.2', digest, bytes: 10, state: 'already-stored', proof: 'read-back' },
    { sopInstanceUID: '1.2.3.3', digest, bytes: 10, state: 'coerced', proof: 'found', pacsCode: 0xb000 },
    { sopInstanceUID: '1.2.3.4', digest, bytes: 10, state: 'refused', reason: 'pacs-refused' },
    { sopInstanceUID: '1.2.3.5', digest, bytes: 10, state: 'left-out', reason: 'left-out' },
  ],
});
const jwsOf = (payload: unknown) => `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.c2ln`;

test('the completion page counts the instances in the signed list', () => {
  const read = readReceipt(jwsOf(receipt));
  assert.equal(read, receipt);
  assert.equal(summaryOf(read.instances), {
    inPacs: 3,
    proofs: { found: 2, digest: 0, 'read-back': 1, committed: 1 },
    alreadyThere: 1,
    coerced: 1,
    leftOut: 1,
    notInPacs: 1,
  });
  assert.equal(proofLines(summaryOf(read.instances)), [
    'Checked: the PACS lists 2 images',
    '1 image read back from the PACS and compared byte for byte',
    '1 image that the PACS promised to keep',
  ]);
});

test('the completion page says how many of the confirmed instances were not sent from here, such as results', () => {
  const summary = summaryOf(receipt.instances);
  const sent = (inPacs: number) =>
    notFromHere(summary, {
      track: { unsafe: 0, safe: 0, onTheWay: 0, atGateway: 0, inPacs, needsYou: 0, leftOut: 0 },
    });
  assert.equal([sent(1), sent(3), sent(4)], [2, 0, 0]);
});

test('a further destination says what it has, and the printed list names a digest that is another one there', () => {
  const stored = 'c'.repeat(64);
  const [first, second, ...rest] = receipt.instances.map(({ state }) => ({ state }));
  const there = {
    ...{ name: 'archive', pacs: 'http://archive.test', need: 'required' as const },
    coerced: ['institution' as const, 'issuer' as const],
    instances: [{ ...first!, digest: stored, committed: true as const }, { ...second!, digest }, ...rest],
  };
  const sent = { ...receipt, destinations: [there] };
  assert.equal(destinationsOf(sent).map(furtherLine), [
    '2 of 5, 1 with the expected digest; 1 image that the PACS promised to keep; a rule changed Institution Name, Issuer of Patient ID for this destination',
  ]);
  assert.equal(otherDigests(sent, 0), [['archive', stored]]);
  assert.equal([otherDigests(sent, 1), otherDigests(sent, 2)], [[], []]);
});

const progress = (done: number, of: number) => `${done} of ${of}`;

test('the printed page says when it was confirmed, as the PDF does, and when the receipt was issued', () => {
  const facts = new Map(receiptFacts({ ...receipt, confirmed: receipt.iat - 86_400 }, progress));
  const moments = [receipt.iat - 86_400, receipt.iat].map((at) => formatFullMoment(new Date(at * 1000)));
  assert.equal([facts.get('Confirmed'), facts.get('Issued')], moments);
  assert.not.ok(new Map(receiptFacts(receipt, progress)).has('Confirmed'), 'nothing of it is in the PACS');
});

test('the code of a PACS that changed an instance is shown in words', () => {
  assert.equal(pacsReasonLines(receipt), [
    '1 image with code B000H: The PACS changed values of the image when it stored it. ' +
      'Check its coercion rules if you did not expect that.',
  ]);
});

test('one line says by which edition, in how many ways and how surely instances were de-identified; no line if the receipt says nothing', () => {
  assert.is(deidentificationLine(receipt), null);
  const [first, second, ...rest] = receipt.instances;
  const report = {
    edition: 'DICOM 2024e',
    options: ['retain-uids' as const],
    methods: ['113100', '113110'],
    digest,
    actions: ['0008,0020 Z profile'],
  };
  const reports = [report, { ...report, digest: 'b'.repeat(64) }];
  const instances = [{ ...first!, report: 0, residue: 'none' as const }, { ...second!, report: 1 }, ...rest];
  const read = readReceipt(jwsOf({ ...receipt, instances, reports }));
  assert.is(
    deidentificationLine(read),
    'Names removed from 2 images, 1 checked twice (PS3.15 of DICOM 2024e, Basic Profile with retain-uids; 2 reports)',
  );
  const byHand = [
    { ...report, actions: ['0028,0301 D covered', '7fe0,0010 C covered'] },
    { ...report, actions: ['0028,0301 D released'] },
  ];
  assert.match(
    deidentificationLine({ ...receipt, instances, reports: byHand })!,
    / · A person covered parts of 1 image · 1 image checked and released by a person$/,
  );
  assert.is(
    deidentificationLine({ ...receipt, instances: [{ ...first!, residue: 'none' }] }),
    'Names removed; the gateway checked 1 image',
  );
});

test('text that is not a receipt is not shown as one', () => {
  assert.throws(() => readReceipt(''));
  assert.throws(() => readReceipt('e30.e30.e30'));
  assert.throws(() => readReceipt(jwsOf({ ...receipt, root: 'short' })));
});

test('the saved file identifies no one', () => {
  assert.is(receiptFileName(receipt.jti, 'jws'), `receipt-${receipt.jti}.jws`);
});

test.run();
