/** Images that often have a name in their pixels and do not say whether they have: held until a person looks. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { builtFile } from '#testing/built-file.ts';
import {
  deidentifyBytes,
  pseudonymsOf,
  readyFile,
  residueOf,
  settledFile,
  wordOf,
} from '#testing/deidentified-file.ts';
import type { SimpleElement } from '../dicom/build-instance.ts';
import { findElement, textOf } from '../dicom/values.ts';
import type { UndeclaredText } from './hold-causes.ts';
import { createRules } from './rules.ts';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const STORAGE = '1.2.840.10008.5.1.4.1.1';
const BURNED_IN_ANNOTATION = 0x00280301;

type Image = {
  readonly sopClass?: string;
  readonly modality?: string;
  readonly more?: readonly SimpleElement[];
};

function imageOf({ sopClass = CT, modality = 'CT', more = [] }: Image): Uint8Array {
  const own = new Set(more.map(([tag]) => tag));
  const elements: SimpleElement[] = [
    [0x00080008, 'CS', 'ORIGINAL', 'PRIMARY'],
    [0x00080060, 'CS', modality],
    [0x00100010, 'PN', 'DOE^JANE'],
    [0x00100020, 'LO', 'PAT-1'],
  ];
  return builtFile([...elements.filter(([tag]) => !own.has(tag)), ...more], {
    sopClass,
    image: { rows: 4, columns: 4, bitsAllocated: 16, pixels: new Uint8Array(32).fill(5) },
  });
}

function rules(undeclaredText?: UndeclaredText) {
  const outcome = createRules([], { undeclaredText });
  if (outcome.kind === 'refused') throw new Error(outcome.because);
  return outcome.rules;
}

const outcomeOf = async (bytes: Uint8Array, undeclaredText?: UndeclaredText): Promise<string> =>
  wordOf(await deidentifyBytes(bytes, rules(undeclaredText), await pseudonymsOf(1)));

const HELD: readonly Image[] = [
  { sopClass: `${STORAGE}.6.1`, modality: 'US' },
  { sopClass: `${STORAGE}.3.1`, modality: 'US' },
  { sopClass: `${STORAGE}.7` },
  { sopClass: `${STORAGE}.7.4`, modality: 'MR' },
  { sopClass: `${STORAGE}.77.1.4`, modality: 'XC' },
  { sopClass: `${STORAGE}.77.1.5.1`, modality: 'OP' },
  { modality: 'US' },
  { modality: 'ES' },
  { modality: 'OT' },
  { modality: 'gm' },
  { more: [[0x00080008, 'CS', 'DERIVED', 'SECONDARY', 'OTHER', 'SCREEN SAVE']] },
  { more: [[0x00080064, 'CS', 'DF']] },
  { sopClass: `${STORAGE}.7`, more: [[BURNED_IN_ANNOTATION, 'CS', '']] },
  { sopClass: `${STORAGE}.7`, more: [[BURNED_IN_ANNOTATION, 'CS', 'UNKNOWN']] },
];

test('ultrasound, photographs, captured and scanned screens that do not say are held', async () => {
  for (const image of HELD)
    assert.is(await outcomeOf(imageOf(image)), 'undeclared-text', JSON.stringify(image));
});

test('other kinds, and those that say NO, are not held', async () => {
  const said: SimpleElement = [BURNED_IN_ANNOTATION, 'CS', 'NO'];
  for (const image of HELD) {
    const more = [...(image.more ?? []).filter(([tag]) => tag !== BURNED_IN_ANNOTATION), said];
    assert.is(await outcomeOf(imageOf({ ...image, more })), 'ready', JSON.stringify(image));
  }
  for (const modality of ['CT', 'MR', 'CR', 'DX', 'MG', 'PT', 'NM', 'XA'])
    assert.is(await outcomeOf(imageOf({ modality })), 'ready', modality);
});

test('a policy may send them, with a warning or without; what declares text is held all the same', async () => {
  const capture = imageOf({ sopClass: `${STORAGE}.7` });
  const declared = imageOf({ more: [[BURNED_IN_ANNOTATION, 'CS', 'YES']] });
  for (const asked of ['warn', 'send'] as const) {
    assert.is(await outcomeOf(capture, asked), 'ready');
    assert.is(await outcomeOf(declared, asked), 'burned-in-annotation');
  }
});

test('the gateway finds one that nobody released; one that a person released says NO, and stays as it is', async () => {
  const capture = imageOf({ sopClass: `${STORAGE}.7` });
  const { instance: sent } = await readyFile(capture, rules('send'));
  assert.equal(await residueOf(sent, rules()), ['0028,0301']);
  assert.equal(await residueOf(sent, rules('warn')), []);

  const { instance, outcome } = await settledFile(capture, rules(), { looked: ['pixels'] });
  assert.is(textOf(findElement(instance.elements, BURNED_IN_ANNOTATION), instance), 'NO');
  assert.equal(
    outcome.report.filter(({ path }) => path === '0028,0301').map(({ because }) => because),
    ['released'],
  );
});

test.run();
