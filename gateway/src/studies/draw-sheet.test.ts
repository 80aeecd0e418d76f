/** The receipt on paper says in words what happened to each instance, and is one page. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Receipt, ReceiptInstance } from '#shared/protocol/receipt.ts';
import { REASONS } from '#shared/protocol/reasons.ts';
import { drawSheet, type SheetReceipt } from './draw-sheet.ts';

const test = suite('the receipt on paper');

const instance = (nth: number, state: ReceiptInstance['state'], more: Partial<ReceiptInstance> = {}) => ({
  sopInstanceUID: `1.2.3.${nth}`,
  digest: 'a'.repeat(64),
  bytes: 1,
  state,
  ...more,
});

function sheetOf(instances: readonly ReceiptInstance[], more: Partial<SheetReceipt> = {}): SheetReceipt {
  const receipt: Receipt = {
    jti: randomUUID(),
    iss: 'https://gateway.test',
    iat: 1_700_000_000,
    version: 1,
    studyInstanceUID: '1.2.3',
    revision: 1,
    policy: { name: 'default', version: 1 },
    pacs: 'http://pacs.test/dicom-web',
    root: 'b'.repeat(64),
    instances: [...instances],
    code: 'eyJhbGciOiJFZERTQSJ9.e30.AA',
  };
  return {
    receipt,
    jws: 'eyJ.a.b',
    uploadId: randomUUID(),
    sentAt: new Date(1_700_000_000_000),
    sender: { username: 'noor', accountId: randomUUID(), device: null },
    pseudonym: null,
    classes: new Map([['1.2.840.10008.5.1.4.1.1.2', instances.length]]),
    ...more,
  };
}

/** The words as a reader of PDF sees them, line breaks as spaces, and the number of pages. */
async function read(sheet: SheetReceipt): Promise<{ words: string; pages: number }> {
  const pdf = await drawSheet([sheet], new Date(1_700_000_000_000));
  const text = execFileSync('pdftotext', ['-layout', '-', '-'], { input: pdf }).toString();
  return { words: text.replace(/\s+/g, ' '), pages: text.split('\f').length - 1 };
}

test('says why an instance is not in the PACS in words, and has the codes beneath', async () => {
  const { words } = await read(
    sheetOf([
      instance(1, 'stored'),
      instance(2, 'refused', { reason: 'pacs-refused', pacsCode: 0xa900 }),
      instance(3, 'quarantined', { reason: 'conflicting-instance' }),
      instance(4, 'left-out', { reason: 'left-out' }),
      instance(5, 'refused', { reason: 'of-a-newer-gateway' }),
    ]),
  );
  const { title } = REASONS['conflicting-instance'];
  assert.match(words, `1 waiting for a decision: ${title}`.slice(0, 70));
  assert.match(words, `1 refused: ${REASONS['pacs-refused'].title}`.slice(0, 60));
  assert.match(words, 'According to the PACS, the image does not match its SOP Class or its study.');
  assert.match(words, 'pacs-refused, PACS code A900H');
  assert.match(words, '1 left out by a person');
  assert.match(words, '1 refused: for a reason that this gateway does not recognize of-a-newer-gateway');
});

test('never calls a study whole of which something was not sent, and says why', async () => {
  const there = [instance(1, 'stored'), instance(2, 'stored')];
  assert.match((await read(sheetOf(there))).words, 'All 2 images that were sent are in the PACS.');
  const sheet = sheetOf(there);
  const withheld = { 'left-out': 1, damaged: 2, held: 1 };
  const { words, pages } = await read({ ...sheet, receipt: { ...sheet.receipt, withheld } });
  assert.match(words, '2 of 6 images are in the PACS. For the others, the reason is given below.');
  assert.match(words, 'Not in the PACS 1 left out by a person before sending');
  assert.match(words, '2 damaged or missing on the disc');
  assert.match(words, '1 held back until a person decides');
  assert.is(pages, 1);
  const causes = { 'left-out': 1, 'left-out-name': 2, 'left-out-other-patient': 3, 'left-out-faulty': 4 };
  const all = { ...causes, 'left-out-unsafe': 5, damaged: 6, held: 7 };
  const most = await read({ ...sheet, receipt: { ...sheet.receipt, withheld: all } });
  assert.match(most.words, '2 left out by a person: may show a name');
  assert.match(most.words, '3 left out by a person: of another patient');
  assert.is(most.pages, 1);
});

test('says of what a further destination lacks that the first one has it, and where it is missing', async () => {
  const reason = 'pacs-refused';
  const held = sheetOf([instance(1, 'quarantined', { reason, proof: 'digest' })]);
  const destinations: Receipt['destinations'] = [
    { name: 'night', pacs: 'dimse://night', need: 'required', instances: [{ state: 'refused', reason }] },
  ];
  const { words, pages } = await read({ ...held, receipt: { ...held.receipt, destinations } });
  assert.match(words, '1 of 1 image is in the first PACS, but not in night.');
  assert.match(words, 'First PACS http://pacs.test/dicom-web');
  assert.match(words, 'In the first PACS only 1 waiting for a decision');
  assert.not.match(words, /No images of this study|Not in the PACS/);
  assert.is(pages, 1);
});

test('says of no instance that the first PACS has it where no further destination lacks it', async () => {
  const proven = instance(2, 'left-out', { reason: 'left-out', proof: 'found' });
  const { words } = await read(sheetOf([instance(1, 'stored'), proven]));
  assert.match(words, '1 of 2 images are in the PACS. For the others, the reason is given below.');
  assert.match(words, 'Not in the PACS 1 left out by a person');
  assert.not.match(words, 'first PACS');
});

test('tells what people covered and released', async () => {
  const terms = { edition: 'DICOM 2026c', options: [], methods: ['113100'], digest: 'c'.repeat(64) };
  const reports = [
    { ...terms, actions: ['0028,0301 D covered', '7fe0,0010 C covered'] },
    { ...terms, actions: ['0028,0301 D released'] },
    { ...terms, actions: ['0010,0010 Z profile'] },
  ];
  const sheet = sheetOf([0, 0, 1, 2].map((report, at) => instance(at + 1, 'stored', { report })));
  const { words } = await read({ ...sheet, receipt: { ...sheet.receipt, reports } });
  assert.match(words, 'a person covered parts of 2 images; a person checked 1 image and found no names');
});

test('has the pseudonym where there is one', async () => {
  const there = [instance(1, 'stored')];
  assert.match((await read(sheetOf(there, { pseudonym: 'PX-7QK2' }))).words, 'Pseudonym PX-7QK2');
  assert.not.match((await read(sheetOf(there))).words, 'Pseudonym');
});

test('names the device as people know it, beside the beginning of its id', async () => {
  const sentFrom = (device: SheetReceipt['sender']['device']) =>
    read(sheetOf([instance(1, 'stored')], { sender: { username: 'noor', accountId: randomUUID(), device } }));
  const id = '3f2a91c0-5b1d-4f6e-9a77-2f6a9f1c0001';
  const named = (await sentFrom({ id, name: 'Chrome on Windows' })).words;
  assert.match(named, 'Chrome on Windows, device 3f2a91c0');
  assert.not.match(named, id);
  assert.match((await sentFrom({ id, name: null })).words, 'device 3f2a91c0');
});

test('says of each further destination what it has, and which was given up', async () => {
  const sheet = sheetOf([instance(1, 'stored'), instance(2, 'stored')]);
  const digest = 'a'.repeat(64);
  const destinations: Receipt['destinations'] = [
    {
      ...{
        name: 'archive',
        pacs: 'http://archive.test',
        need: 'also',
        givenUpAt: '2026-11-22T06:51:00.000Z',
      },
      instances: [
        { state: 'stored', digest },
        { state: 'left-out', reason: 'destination-given-up' },
      ],
    },
    { name: 'late', pacs: 'http://late.test', need: 'also' },
  ];
  const { words, pages } = await read({ ...sheet, receipt: { ...sheet.receipt, destinations } });
  assert.match(words, 'archive: 1 of 2 there, 1 with the expected digest; given up by an administrator,');
  assert.match(words, 'late: not complete there when this receipt was signed');
  assert.is(pages, 1);
});

test('begins with what a person asks, and ends with what a support desk asks', async () => {
  const { words } = await read(sheetOf([instance(1, 'stored')]));
  assert.ok(words.indexOf('Content') < words.indexOf('Sent by'));
  assert.ok(words.indexOf('Sent by') < words.indexOf('Study Instance UID'));
});

test('is one page, however many reasons there are', async () => {
  const many = Array.from({ length: 60 }, (_, nth) =>
    instance(nth, 'refused', { reason: 'pacs-refused', pacsCode: nth }),
  );
  const { words, pages } = await read(sheetOf(many));
  assert.is(pages, 1);
  assert.match(words, '54 more, all listed in the attached receipt');
});

test('names the whole command that checks it elsewhere, with the address of the keys', async () => {
  const { words, pages } = await read(sheetOf([instance(1, 'stored')]));
  const command =
    'npm run -s relay -- receipt verify FILE --jwks https://gateway.test/api/.well-known/jwks.json';
  assert.match(words, command);
  assert.is(pages, 1);
});

test.run();
