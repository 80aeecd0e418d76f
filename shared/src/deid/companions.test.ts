/**
 * A text that stays holds a name that only a companion’s header has: the instance is held for a person, and its
 * bytes are the same with and without companions.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fileOf, sequence, text } from '#testing/deidentified-elements.ts';
import { deidentifyBytes, parsed, pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import type { NewElement } from '../dicom/encode.ts';
import type { Beside, Looked } from './deidentify-instance.ts';
import { namedValuesOf, sourcesIn } from './text/header-values.ts';
import { noteNamed, type StudyNames } from './text/named-value.ts';

const test = suite('values that only companions name');

const PATIENT = [
  text(0x00080005, 'CS', 'ISO_IR 192'),
  text(0x00100010, 'PN', 'Lindqvist^Jürgen'),
  text(0x00100020, 'LO', 'MRN445566'),
];
const COMPANION = [
  ...PATIENT,
  text(0x00080020, 'DA', '20240314'),
  text(0x00080050, 'SH', 'ACC-778812'),
  text(0x00080080, 'LO', 'St. Marien Hospital Bonn'),
  text(0x00081070, 'PN', 'Vossberg^Ilse'),
  text(0x00100030, 'DA', '19610502'),
];
const OPTION_SETS: readonly (readonly string[])[] = [
  [],
  ['clean-descriptors', 'clean-structured-content', 'clean-graphics'],
  ['clean-descriptors', 'retain-longitudinal-modified-dates', 'retain-safe-private'],
];

/** The names of a study of these headers. */
async function namesOf(...headers: (readonly NewElement[])[]) {
  const names: StudyNames = new Map();
  for (const header of headers)
    noteNamed(names, namedValuesOf(sourcesIn(await parsed(fileOf(header)))).values);
  return [...names.values()];
}

const outcomeOf = async (own: readonly NewElement[], options: readonly string[], beside?: Beside) =>
  deidentifyBytes(fileOf(own), rulesOf(...options), await pseudonymsOf(1), beside);

for (const options of OPTION_SETS) {
  test(`a companion’s name, number or day holds the instance, and never changes a byte of it (${options.join(', ') || 'plain profile'})`, async () => {
    for (const plant of ['VOSSBERG', 'Ilse Vossberg', 'ACC 778812', '19610502', 'of 14.03.2024']) {
      const own = [...PATIENT, text(0x00081090, 'LO', `AX ${plant}`)];
      const companions = await namesOf(own, COMPANION);
      const alone = await outcomeOf(own, options, { companions: await namesOf(own) });
      if (alone.kind !== 'ready') throw new Error(`${plant}: ${alone.because}`);
      const held = await outcomeOf(own, options, { companions });
      assert.equal(
        held,
        {
          kind: 'quarantined',
          because: 'named-by-companion',
          texts: [{ path: '0008,1090', text: `AX ${plant}` }],
        },
        plant,
      );
      const released = await outcomeOf(own, options, {
        companions,
        looked: [{ path: '0008,1090', text: `AX ${plant}` }],
      });
      if (released.kind !== 'ready') throw new Error(released.because);
      assert.equal(Buffer.compare(released.bytes, alone.bytes), 0, 'the same bytes');
      assert.equal(
        released.outcome.report.filter(({ because }) => because === 'released'),
        [{ path: '0008,1090', action: 'K', because: 'released' }],
      );
    }
  });
}

test('prose that is cleaned, and texts inside sequences, are searched as they would leave', async () => {
  const options = ['clean-descriptors', 'clean-structured-content'];
  const own = [
    ...PATIENT,
    text(0x0008103e, 'LO', 'Lindqvist knee Vossberg'),
    sequence(0x00283010, [text(0x00283003, 'LO', 'soft')], [text(0x00283003, 'LO', 'se Vossberg')]),
  ];
  const held = await outcomeOf(own, options, { companions: await namesOf(own, COMPANION) });
  if (held.kind === 'ready') throw new Error('it was not held');
  const texts = held.texts ?? [];
  assert.equal(
    texts.map(({ path }) => path),
    ['0008,103e', '0028,3010[2]>0028,3003'],
  );
  assert.not.match(texts[0]!.text, 'Lindqvist');
  assert.match(texts[0]!.text, 'Vossberg');
});

test('a value of the instance’s own header is replaced and holds nothing; a value that the policy keeps may stay', async () => {
  const own = [
    ...PATIENT,
    text(0x00081070, 'PN', 'Vossberg^Ilse'),
    text(0x00081090, 'LO', 'AX VOSSBERG St. Marien Hospital Bonn'),
  ];
  const companions = await namesOf(own, COMPANION);
  assert.is((await outcomeOf(own, [], { companions })).kind, 'ready');
  const place = [...PATIENT, text(0x00081090, 'LO', 'St. Marien Hospital Bonn')];
  const kept = await outcomeOf(place, ['retain-institution-identity'], { companions });
  assert.is(kept.kind, 'ready');
  assert.is((await outcomeOf(place, [], { companions })).kind, 'quarantined');
});

test('a look at the pixels releases no text, and a look at the texts no pixels', async () => {
  const own = [...PATIENT, text(0x00081090, 'LO', 'AX VOSSBERG'), text(0x00280301, 'CS', 'YES')];
  const companions = await namesOf(own, COMPANION);
  const seen = { path: '0008,1090', text: 'AX VOSSBERG' };
  const because = async (...looked: Looked[]) => {
    const result = await outcomeOf(own, [], { companions, looked });
    return result.kind === 'ready' ? 'ready' : result.because;
  };
  assert.equal(
    [await because('pixels'), await because(seen), await because('pixels', seen)],
    ['named-by-companion', 'burned-in-annotation', 'ready'],
  );
});

test('a release covers the texts that were seen, where they stood, and no others', async () => {
  const own = [...PATIENT, text(0x00080070, 'LO', 'VOSSBERG & Co'), text(0x00081090, 'LO', 'AX VOSSBERG')];
  const companions = await namesOf(own, COMPANION);
  const held = await outcomeOf(own, [], { companions });
  const [one, other] = (held.kind === 'ready' ? undefined : held.texts) ?? [];
  assert.ok(one && other);
  const kindOf = async (...looked: Looked[]) => (await outcomeOf(own, [], { companions, looked })).kind;
  assert.equal(
    [await kindOf(one), await kindOf(one, { ...other, path: one.path }), await kindOf(one, other)],
    ['quarantined', 'quarantined', 'ready'],
  );
});

test('a study that names more than can be searched for holds each instance that does not name it itself', async () => {
  const many = Array.from({ length: 40 }, (_, at) => [
    ...PATIENT,
    text(0x00081070, 'PN', Array.from({ length: 200 }, (__, n) => `Vossberg${at}x${n}^Ilse`).join('\\')),
  ]);
  const companions = await namesOf(...many);
  const held = await outcomeOf(PATIENT, [], { companions });
  assert.is(held.kind === 'ready' ? 'ready' : held.because, 'too-much-to-deidentify');
});

test.run();
