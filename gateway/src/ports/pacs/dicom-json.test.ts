/** Answers of PACSs as some write them: a list with one Data Set in it, and UIDs that are padded. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { storeAnswer } from '../../testing/pacs-answers.ts';
import { toStore } from '../../testing/to-store.ts';
import {
  parseCommitment,
  parseCommitmentQuestion,
  parseSearchAnswer,
  parseStoreAnswer,
  readStoreAnswer,
} from './dicom-json.ts';

const test = suite('answers of a PACS');
const OPTIONS = { seed: 5, instancesPerSeries: 2, rows: 4, columns: 4 };
const [one, two] = syntheticStudy(OPTIONS).instances.map(toStore);
const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

function outcomes(answer: unknown): readonly string[] {
  return readStoreAnswer(parseStoreAnswer(bytesOf(answer)), [one!, two!]).map(
    ({ outcome, pacsCode }) => `${outcome} ${pacsCode}`,
  );
}

const BUSY = 0xa700;
const ANSWERS = [
  [storeAnswer([one!.sopInstanceUID, two!.sopInstanceUID], []), ['stored null', 'stored null']],
  [storeAnswer([], [one!.sopInstanceUID, two!.sopInstanceUID]), ['refused 272', 'refused 272']],
  [storeAnswer([one!.sopInstanceUID], [two!.sopInstanceUID]), ['stored null', 'refused 272']],
  [storeAnswer([], [two!.sopInstanceUID], BUSY), ['omitted null', 'busy 42752']],
  [storeAnswer([], []), ['omitted null', 'omitted null']],
] as const;

test('a store answer in a list means what it means alone', () => {
  for (const [answer, expected] of ANSWERS) {
    assert.equal(outcomes(answer), expected);
    assert.equal(outcomes([answer]), expected);
  }
});

test('a list of several, or of something else, is no store answer', () => {
  const [[answer]] = ANSWERS;
  for (const body of [[answer, answer], [], [[answer]], ['text'], [{ message: 'no' }]])
    assert.equal(outcomes(body), ['unanswered null', 'unanswered null'], JSON.stringify(body));
});

const PADDINGS = ['\0', ' ', '\0\0', '  ', ' \0'];

test('padding behind a UID changes no answer', () => {
  for (const padding of PADDINGS) {
    const padded = JSON.parse(
      JSON.stringify(storeAnswer([one!.sopInstanceUID], [two!.sopInstanceUID])),
      (_, value) => (typeof value === 'string' && /^[\d.]+$/.test(value) ? value + padding : value),
    ) as unknown;
    assert.equal(outcomes(padded), ['stored null', 'refused 272'], JSON.stringify(padding));
    const { committed, failed } = parseCommitment(bytesOf(padded))!;
    assert.equal([[...committed], [...failed.keys()]], [[one!.sopInstanceUID], [two!.sopInstanceUID]]);
    const uid = (value: string) => ({ vr: 'UI', Value: [value + padding] });
    const row = {
      '0020000D': uid('1.2.3'),
      '0020000E': uid('1.2.4'),
      '00080018': uid('1.2.5'),
      '00080060': { vr: 'CS', Value: [`CT${padding}`] },
    };
    const [found] = parseSearchAnswer(bytesOf([row]))!;
    assert.equal(
      [found!.studyInstanceUID, found!.seriesInstanceUID, found!.sopInstanceUID, found!.modality],
      ['1.2.3', '1.2.4', '1.2.5', 'CT'],
    );
  }
});

test('no value is longer than the standard lets it be', () => {
  const uid = (length: number) => ({ vr: 'UI', Value: [`1.${'2'.repeat(length - 2)}`] });
  const rowOf = (study: number, series: number, instance: number) => ({
    ...{ '0020000D': uid(study), '0020000E': uid(series), '00080018': uid(instance), '00080016': uid(65) },
    '00080060': { vr: 'CS', Value: ['C'.repeat(17)] },
  });
  const rows = [rowOf(64, 64, 64), rowOf(65, 64, 64), rowOf(64, 65, 64), rowOf(64, 64, 65)];
  const [found, ...others] = parseSearchAnswer(bytesOf(rows))!;
  assert.equal(
    [found!.sopInstanceUID.length, found!.sopClassUID, found!.modality],
    [64, null, 'C'.repeat(16)],
  );
  assert.is(others.length, 0);
  const references = [64, 65].map((length) => ({ '00081150': uid(length), '00081155': uid(length) }));
  const asked = parseCommitmentQuestion(bytesOf({ '00081199': { vr: 'SQ', Value: references } }))!;
  assert.equal(
    asked.map((one) => [one.sopClassUID.length, one.sopInstanceUID.length]),
    [
      [64, 64],
      [0, 0],
    ],
  );
  const long = `1.${'2'.repeat(63)}`;
  assert.equal([...parseStoreAnswer(bytesOf(storeAnswer([long], [])))!.keys()], ['']);
  assert.equal([...parseCommitment(bytesOf(storeAnswer([long], [])))!.committed], ['']);
});

test.run();
