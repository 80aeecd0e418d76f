/** Sums for people count instances, and a receipt lists contents. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { notStoredLines } from './not-stored-words.ts';
import { destinationsOf, deidentificationOf, type Receipt, type ReceiptInstance } from './receipt.ts';
import { toReceiptCode } from './receipt-sheet.ts';
import { instancesIn, notStoredIn } from './same-uid.ts';

const content = (uid: string, digest: string, more: Partial<ReceiptInstance>): ReceiptInstance => ({
  ...{ sopInstanceUID: uid, digest: digest.repeat(64), bytes: 1, state: 'stored' },
  ...more,
});
const VERSION = { state: 'left-out', reason: 'already-here-other-boxes', report: 0 } as const;
const CONTENTS = [
  content('1.1', 'a', { report: 0, residue: 'none' }),
  content('1.2', 'b', { report: 1, residue: 'none' }),
  content('1.1', 'c', VERSION),
  content('1.3', 'd', { state: 'left-out', reason: 'left-out' }),
  content('1.3', 'e', { state: 'quarantined', reason: 'identity-remains' }),
];
const terms = { edition: 'DICOM 2026c', options: [], methods: ['113100'], digest: 'c'.repeat(64) };
const RECEIPT: Receipt = {
  ...{ jti: '0b8f0f0a-5f0e-4b8a-9d5c-0d5a2f6f7a11', iss: 'http://localhost', iat: 1, version: 1 },
  ...{ studyInstanceUID: '1', revision: 2, policy: { name: 'deidentified', version: 1 } },
  ...{ pacs: 'http://pacs', root: 'a'.repeat(64), instances: CONTENTS },
  reports: [
    { ...terms, actions: ['7fe0,0010 C covered'] },
    { ...terms, actions: ['0010,0010 Z profile'] },
  ],
};

test('the forms of one image are one: the form in the PACS speaks for it, else the one that needs a person', () => {
  assert.equal(
    instancesIn(CONTENTS).map(({ sopInstanceUID, state }) => [sopInstanceUID, state]),
    [
      ['1.1', 'stored'],
      ['1.2', 'stored'],
      ['1.3', 'quarantined'],
    ],
  );
  assert.equal(
    notStoredIn(CONTENTS).map(({ digest }) => digest[0]),
    ['c'],
  );
});

test('another image under the UID of one is an image that is missing, and not a form of that one', () => {
  const conflict = { reason: 'conflicting-instance', state: 'left-out' } as const;
  const contents = [content('1.1', 'a', {}), content('1.1', 'b', conflict), content('1.1', 'c', conflict)];
  assert.equal(
    instancesIn(contents).map(({ digest, state }) => `${digest[0]} ${state}`),
    ['a stored', 'b left-out', 'c left-out'],
  );
  const destinations: Receipt['destinations'] = [
    {
      ...{ name: 'archive', pacs: '', need: 'required' },
      instances: contents.map(({ state, digest }) =>
        state === 'stored' ? { state, digest } : { state: 'not-given' },
      ),
    },
  ];
  const receipt = { ...RECEIPT, instances: contents, destinations };
  const { counts, notStored } = toReceiptCode(receipt);
  assert.equal([counts, notStored], [{ stored: 1, 'left-out': 2 }, undefined]);
  const [archive] = destinationsOf(receipt);
  assert.equal([archive?.of, archive?.there], [1, 1], 'a further one is given one image under each UID');
});

test('each instance is counted once, also at further destinations and in the code on paper', () => {
  const said = deidentificationOf(RECEIPT)!;
  assert.equal([said.instances, said.withoutResidue, said.covered], [2, 2, 1]);
  const digest = (of: string) => ({ state: 'stored' as const, digest: of.repeat(64) });
  const none = { state: 'not-given' as const };
  const destinations: Receipt['destinations'] = [
    { name: 'archive', pacs: '', need: 'also', instances: [digest('a'), digest('b'), none, none, none] },
  ];
  const [archive] = destinationsOf({ ...RECEIPT, destinations });
  assert.equal([archive?.of, archive?.there, archive?.asPromised], [3, 2, 2]);
  const { counts, notStored } = toReceiptCode(RECEIPT);
  assert.equal([counts, notStored], [{ stored: 2, quarantined: 1 }, 1]);
});

test('a version that was not stored is named as that, and of boxes it is said that a name may still be visible', () => {
  const [line] = notStoredLines(CONTENTS);
  assert.match(
    line!,
    '1 later version, with different covered areas, was not stored: the PACS keeps the first one. If a name',
  );
  assert.match(line!, 'Ask your PACS administrator to delete or cover the first version.');
  const others = [0, 1].flatMap((at) => [
    content(`1.${at}`, 'a', {}),
    content(`1.${at}`, 'b', { state: 'quarantined', reason: 'conflicting-instance' }),
  ]);
  assert.equal(notStoredLines(others), [
    '2 other images with the same ID were not stored: the PACS keeps the first ones',
  ]);
});

test.run();
