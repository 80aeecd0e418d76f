/** The search that every anonymous file passes before somebody gets it. */
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TableFormat } from './find-cell.ts';
import { createIdentityTexts, type Identity } from './identity-texts.ts';
import { createFileSearch } from './search-file.ts';

const test = suite('the search of an anonymous file');

const ANA: Identity = {
  names: ['Müller-Lüdenscheidt^Ana^María', 'Ковалёв^Пётр', '山田^太郎'],
  numbers: ['PAT-004711', 'A12', '2718281', 'N7QF2'],
  birthDates: ['19580304'],
  uids: ['2.25.329800735698586629295641978511506172918'],
};
const ORDINARY = ['ageBand', 'site', 'pneumonia', 'CHEST'];

function search(text: string, format: TableFormat = 'csv', identity = ANA, step = 1 << 16) {
  const texts = createIdentityTexts(ORDINARY);
  texts.add(identity);
  const file = createFileSearch(texts, format);
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += step) file.pass(bytes.subarray(at, at + step));
  return file.end();
}

const WRITTEN = [
  ...['Müller', 'MULLER', 'mueller', 'Mu\u0308ller', 'Mü\u00adller', 'Ana', 'Anas Knie', "Ana's", 'x_ana_y'],
  ...['MUELLERLUEDENSCHEIDT', 'xxluedenscheidtxx', 'Lüdenscheidt', 'maria', 'Kovalev', 'КОВАЛЁВ', 'petr'],
  ...['山田さん', '患者太郎'],
  ...['PAT-004711', 'pat004711', 'PAT_004711', 'pat 004711', '2718281', '２７１８２８１', 'n7qf2'],
  ...[
    '1958-03-04',
    '19580304',
    '04.03.1958',
    '4.3.1958',
    '3/4/1958',
    '03/04/58',
    '4 March 1958',
    'Mar 4, 1958',
  ],
  ...['4-MAR-1958', '4. March 1958'],
  ...['2.25.329800735698586629295641978511506172918', '629295641978511506172918'],
];
const HARMLESS = [
  ...['Mulle', 'Banana', 'Anamnesis', 'marina', 'analysis', 'PAT-0047112', '12718281', '0.2718281'],
  ...[
    '2718281.5',
    'A12',
    '1958-03',
    '1958',
    '1958-03-05',
    '14.3.1958',
    '2.25.32980073569858662929564197851150617291',
  ],
  ...['62929564197851150617291', 'N7QF', 'N7QF22'],
];

test('finds an identity however it is written, and says in which cell, not what it is', () => {
  for (const written of WRITTEN) {
    const at = search(`ageBand,note\r\n50-54,"quiet, so\r\nfar"\r\n50-54,"so ""${written}"" was"\r\n`);
    // A line end within quotes is one of the row.
    assert.equal(at, { row: 3, field: 1 }, written);
  }
});

test('finds none in what only looks alike', () => {
  for (const text of HARMLESS) assert.is(search(`a,b\r\n1,${text}\r\n`), null, text);
});

test('counts rows and fields of JSON Lines, whatever their texts hold', () => {
  const rows = [
    { note: 'a "b", {c', list: [1, 2], last: '' },
    { note: '\\', list: ['x', 'Lüdenscheidt'], last: 1 },
  ];
  const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  assert.equal(search(text, 'jsonl'), { row: 2, field: 1 });
});

test('finds the same wherever the file is cut into pieces', async () => {
  const places = fc.integer({ min: 0, max: 200 });
  const property = fc.property(
    fc.constantFrom(...WRITTEN),
    places,
    fc.integer({ min: 1, max: 9 }),
    (one, fill, step) => {
      const text = `a\r\n${'é'.repeat(fill)} ${one} ${'.'.repeat(fill)}\r\n`;
      assert.equal(search(text, 'csv', ANA, step), { row: 2, field: 0 }, one);
      assert.is(search(`a\r\n${'é'.repeat(fill)}${'.'.repeat(fill)}`, 'csv', ANA, step), null);
    },
  );
  await fc.assert(property, { seed: 16, numRuns: 300 });
});

test('finds each of many texts that a plain search finds', async () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 8, maxLength: 12 });
  const property = fc.property(
    fc.array(word, { minLength: 1, maxLength: 20 }),
    fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 120 }),
    (names, text) => {
      const found = search(text, 'csv', { names, numbers: [], birthDates: [], uids: [] });
      assert.is(
        found !== null,
        names.some((name) => text.includes(name)),
      );
    },
  );
  await fc.assert(property, { seed: 17, numRuns: 500 });
});

test('does not search for a word of the file’s own lists, and for short numbers', () => {
  const identity = {
    names: ['Chest^Site'],
    numbers: ['2024', 'abc'],
    birthDates: ['', '1958'],
    uids: ['1.2'],
  };
  assert.is(search('site,month\r\nchest,2024 abc 1.2 1958\r\n', 'csv', identity), null);
});

test('refuses a file that is not UTF-8', () => {
  const file = createFileSearch(createIdentityTexts([]), 'csv');
  assert.throws(() => file.pass(new Uint8Array([0x61, 0xfc, 0x61])), TypeError);
  const cut = createFileSearch(createIdentityTexts([]), 'csv');
  cut.pass(new Uint8Array([0x61, 0xc3]));
  assert.throws(() => cut.end(), TypeError);
});

test.run();
