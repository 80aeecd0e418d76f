/**
 * A model speaks only of those it was made for: the header decides, one contradiction is enough, and a
 * missing value leaves it open.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { builtFile } from '#testing/built-file.ts';
import { parsed } from '#testing/deidentified-file.ts';
import type { SimpleElement } from '../dicom/build-instance.ts';
import { SOP_CLASSES } from '../dicom/registry.ts';
import type { Population } from './model.ts';
import { populationOf } from './population.ts';

const test = suite('the population of a model');

const CHILD: Readonly<Record<string, SimpleElement>> = {
  modality: [0x00080060, 'CS', 'DX'],
  bodyPart: [0x00180015, 'CS', 'CHEST'],
  view: [0x00185101, 'CS', 'AP'],
  age: [0x00101010, 'AS', '003Y'],
};
const without = (name: string): SimpleElement[] =>
  Object.entries(CHILD)
    .filter(([key]) => key !== name)
    .map(([, element]) => element);
const having = (name: string, element: SimpleElement): SimpleElement[] => [...without(name), element];
const aged = (...values: string[]): SimpleElement[] => having('age', [0x00101010, 'AS', ...values]);
const born = (birth: string, study: string): SimpleElement[] => [
  ...without('age'),
  [0x00100030, 'DA', birth],
  [0x00080020, 'DA', study],
];

async function of(elements: readonly SimpleElement[]): Promise<Population> {
  const image = { rows: 2, columns: 2, bitsAllocated: 8, pixels: new Uint8Array(4) } as const;
  return populationOf(await parsed(builtFile(elements, { image, sopClass: SOP_CLASSES.CR })));
}

test('a child of 1 to 5 years, chest, from the front, on CR or DX', async () => {
  assert.is(await of(Object.values(CHILD)), 'inside');
  assert.is(await of(having('modality', [0x00080060, 'CS', 'CR'])), 'inside');
  assert.is(await of(having('view', [0x00185101, 'CS', 'PA'])), 'inside');
  assert.is(await of(having('bodyPart', [0x00180015, 'CS', 'THORAX'])), 'inside');
});

test('the age in days, weeks, months and years, and by the dates, from both sides of its limits', async () => {
  for (const age of ['001Y', '005Y', '012M', '071M', '053W', '366D'])
    assert.is(await of(aged(age)), 'inside', age);
  for (const age of ['000Y', '006Y', '068Y', '011M', '072M', '051W', '364D'])
    assert.is(await of(aged(age)), 'outside', age);
  assert.is(await of(born('20200301', '20210301')), 'inside');
  assert.is(await of(born('20200301', '20260228')), 'inside');
  assert.is(await of(born('20200301', '20210228')), 'outside');
  assert.is(await of(born('20200301', '20260301')), 'outside');
});

test('one contradiction is enough, whatever else is missing', async () => {
  assert.is(await of([[0x00080060, 'CS', 'CT']]), 'outside');
  assert.is(await of([[0x00180015, 'CS', 'HAND']]), 'outside');
  assert.is(await of([[0x00185101, 'CS', 'LL']]), 'outside');
  assert.is(
    await of([...Object.values(CHILD), [0x00100030, 'DA', '19600101'], [0x00080020, 'DA', '20260101']]),
    'outside',
  );
});

test('a missing or unreadable value leaves it open', async () => {
  for (const name of Object.keys(CHILD)) assert.is(await of(without(name)), 'unknown', name);
  assert.is(await of(aged('young')), 'unknown');
  assert.is(await of(born('20200231', '20230101')), 'unknown');
  assert.is(await of(born('20240101', '20230101')), 'unknown');
});

test('without a View Position the code of the view decides: another view, or no code at all', async () => {
  const view = (code: string): SimpleElement[] =>
    having('view', [
      0x00540220,
      'SQ',
      [
        [0x00080100, 'SH', code],
        [0x00080102, 'SH', 'SCT'],
      ],
    ]);
  for (const code of ['399348003', 'R-10206', '272479007', 'R-10214'])
    assert.is(await of(view(code)), 'inside', code);
  for (const code of ['399198007', 'R-10232']) assert.is(await of(view(code)), 'outside', code);
  assert.is(
    await of(having('view', [0x00540220, 'SQ', [[0x00080104, 'LO', 'antero-posterior']]])),
    'unknown',
  );
  assert.is(
    await of([...view('399348003'), [0x00185101, 'CS', 'LL']]),
    'outside',
    'View Position counts before its code',
  );
});

test('every way to write a view and a body part that was met', async () => {
  for (const view of ['AP', 'PA', 'ap', ' PA '])
    assert.is(await of(having('view', [0x00185101, 'CS', view])), 'inside', view);
  for (const view of ['LATERAL', 'LL', 'RL', 'LLD', 'RLD', 'LAO', 'RPO'])
    assert.is(await of(having('view', [0x00185101, 'CS', view])), 'outside', view);
  assert.is(await of(having('view', [0x00185101, 'CS', ''])), 'unknown');
  for (const part of ['CHEST', 'THORAX', 'LUNG', 'chest'])
    assert.is(await of(having('bodyPart', [0x00180015, 'CS', part])), 'inside', part);
  for (const part of ['ABDOMEN', 'CHESTABDOMEN', 'TSPINE'])
    assert.is(await of(having('bodyPart', [0x00180015, 'CS', part])), 'outside', part);
  assert.is(await of(having('bodyPart', [0x00180015, 'CS', ''])), 'unknown');
});

test('an image for processing is in no population', async () => {
  const intended = (what: string): SimpleElement[] => [...Object.values(CHILD), [0x00080068, 'CS', what]];
  assert.equal(
    [await of(intended('FOR PRESENTATION')), await of(intended('FOR PROCESSING'))],
    ['inside', 'outside'],
  );
});

test('the anatomic region decides if there is no body part', async () => {
  const region = (code: string): SimpleElement[] =>
    having('bodyPart', [
      0x00082218,
      'SQ',
      [
        [0x00080100, 'SH', code],
        [0x00080102, 'SH', 'SCT'],
      ],
    ]);
  assert.is(await of(region('51185008')), 'inside');
  assert.is(await of(region('85562004')), 'outside');
});

test.run();
