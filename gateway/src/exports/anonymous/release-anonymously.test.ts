/**
 * Anonymous files from rows in which an identity stands wherever somebody could have put it: searched by the product,
 * by the search of the tests, and scored by a program in another language.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  EXPORT_FIELD_NAMES,
  isAnonymousField,
  type ExportField,
  type Redaction,
} from '#shared/protocol/exports.ts';
import { skip } from '#testing/environment.ts';
import { createIdentitySearch } from '#testing/find-identities.ts';
import { askProgram } from '../../testing/open-subject.ts';
import { releaseOf } from '../release-rows.ts';
import { IdentityFound, type Cell, type SourceRow } from '../source-row.ts';
import { writeTable } from '../write-table.ts';
import { createAnonymousThread } from './anonymous-thread.ts';
import { createIdentityTexts } from './identity-texts.ts';
import { identityOf } from './read-subject.ts';
import { createFileSearch } from './search-file.ts';

const test = suite('anonymous exports');

const SCORER = new URL('../../../../shared/testing/score-anonymity.py', import.meta.url).pathname;
const CASES = 200;
/** So few texts at once that a file is read several times. */
const thread = createAnonymousThread({ textsAtOnce: 2_000 });
const tools = { thread, signal: new AbortController().signal };
const two = (value: number): string => `${value}`.padStart(2, '0');

/** Nine letters that no list has, another nine for each case. */
const nameOf = (at: number): string =>
  `Qz${[...`${1000 + at}`].map((digit) => 'bdfghjklmn'[Number(digit)]).join('')}vex`;

type Cells = Partial<Record<ExportField, Cell>>;

/** Nothing of these is ever told. */
const hiddenOf = (at: number): Cells => ({
  caseId: `0f8c7d1e-0000-4000-8000-${500_000_000_000 + at}`,
  caseNumber: 90_000 + at,
  pseudonym: `P-7QF2-${10_000 + at}`,
  patientName: `${nameOf(at)}^Ana`,
  patientId: `PAT-${70_000 + at}`,
  accessionNumbers: [`ACC${80_000 + at}`],
  birthDate: `19${two(40 + (at % 50))}03${two(1 + (at % 28))}`,
  studyDates: ['20260511'],
  studies: [`2.25.3298007356985866292956${419_000 + at}`],
  title: nameOf(at),
  tags: [nameOf(at)],
  assignee: `dr-${nameOf(5000)}`,
  openedBy: `dr-${nameOf(5000)}`,
  attachments: [`${nameOf(at)}.pdf`],
  readers: [nameOf(at)],
  openedAt: '2026-05-11T08:30:00Z',
  resultTimes: ['2026-05-11T08:31:00Z'],
  settledAt: ['2026-05-11T08:32:00Z'],
});

/** A case whose every free field tells whose it is. */
function rowOf(at: number, more: Cells = {}): SourceRow {
  const name = nameOf(at);
  const born = `born 19${two(40 + (at % 50))}-03-${two(1 + (at % 28))}`;
  const told = `Seen with ${name} (PAT-${70_000 + at}), ${born}: fracture of the left wrist`;
  const cells: Cells = {
    ...hiddenOf(at),
    month: '2026-05',
    notes: [told, `call ${name}`],
    descriptions: [told],
    sex: at % 2 === 0 ? 'F' : name,
    modalities: ['CT', name],
    bodyParts: ['CHEST', name],
    site: 'North',
    ageBand: '40 to 49',
    finding: 'positive',
    models: ['pneumonia'],
    modelVersions: ['1.2'],
    scores: [at / 7919],
    positives: [true],
    verdicts: ['correct'],
    correctedFindings: [`pneumonia of ${name}`],
    reviewTypes: ['chest-film'],
    decisions: [null],
    answers: ['chest-film.finding=pneumonia', `chest-film.note=${told}`],
    reasons: [null, told],
    ...more,
  };
  return new Map(Object.entries(cells) as [ExportField, Cell][]);
}
const ROWS = Array.from({ length: CASES }, (_, at) => rowOf(at));

async function* each<T>(all: Iterable<T>): AsyncGenerator<T> {
  yield* all;
}

async function fileOf(redaction: Redaction, rows: readonly SourceRow[], format: 'csv' | 'jsonl' = 'csv') {
  const { reads, release } = releaseOf(redaction, tools);
  const read = new Set(reads(EXPORT_FIELD_NAMES));
  const source = rows.map((row) => new Map([...row].filter(([field]) => read.has(field))));
  const released = release(each(source), EXPORT_FIELD_NAMES);
  const pieces = await Array.fromAsync(writeTable(format, released));
  await released.prove?.(format, () => each(pieces));
  return Buffer.concat(pieces);
}

/** Whether any identity of these cases is found: by the product's search, and by the tests'. */
function findsIn(file: Buffer, format: 'csv' | 'jsonl'): readonly [boolean, boolean] {
  const texts = createIdentityTexts([]);
  for (const row of ROWS) texts.add(identityOf(row));
  const search = createFileSearch(texts, format);
  search.pass(file);
  const planted = ROWS.flatMap((row, at) => [
    nameOf(at),
    `${row.get('patientId')}`,
    `ACC${80_000 + at}`,
    `${row.get('caseId')}`,
  ]);
  return [search.end() !== null, createIdentitySearch(planted).inBytes(file).length > 0];
}

test('tell of 200 cases nothing by which one is known, and full ones do', async () => {
  for (const format of ['csv', 'jsonl'] as const) {
    const anonymous = await fileOf('anonymous', ROWS, format);
    assert.equal(findsIn(anonymous, format), [false, false], format);
    assert.equal(findsIn(await fileOf('full', ROWS, format), format), [true, true], format);
    assert.match(anonymous.toString('utf8'), /fracture of the left wrist/, 'and keep what names nobody');
    assert.not.match(anonymous.toString('utf8'), /2026-05-11|0511|ana\b/i);
  }
});

test('have the columns of their redaction, and are scored alike by another program', async () => {
  const file = await fileOf('anonymous', ROWS);
  const [head = ''] = file.toString('utf8').slice(1).split('\r\n');
  assert.equal(head.split(','), EXPORT_FIELD_NAMES.filter(isAnonymousField));
  const asked = askProgram('python3', [SCORER, '--of', `${CASES}`], file);
  if (asked === null) skip('the score of anonymous rows', 'python3 is not installed');
  const { smallest, kept } = JSON.parse(asked.text) as { smallest: number; kept: number };
  assert.ok(smallest >= 5, `${smallest}`);
  assert.ok(kept >= 0.8, `${kept}`);
  const full = askProgram(
    'python3',
    [SCORER, '--of', `${CASES}`, '--columns', 'patientId'],
    await fileOf('full', ROWS),
  );
  assert.is((JSON.parse(full!.text) as { smallest: number }).smallest, 1);
});

test('count people, not their cases', async () => {
  const ofOne = Array.from({ length: 5 }, (_, at) =>
    rowOf(at, { patientId: 'PAT-ONE', pseudonym: `P-${at}` }),
  );
  const lines = async (rows: readonly SourceRow[]) =>
    (await fileOf('anonymous', rows)).toString('utf8').trimEnd().split('\r\n').slice(1);
  assert.equal(await lines(ofOne), []);
  assert.equal(await lines([...ofOne, ...ROWS.slice(10, 13)]), []);
  assert.is((await lines([...ofOne, ...ROWS.slice(10, 14)])).length, 9);
});

test('tell a study description where five people of the group have the same, however often one of them has it', async () => {
  const rows = (described: string, count: number, of = (at: number) => `${described}-${at}`) =>
    Array.from({ length: count }, (_, at) =>
      rowOf(at, { patientId: of(at), sex: 'F', descriptions: [described] }),
    );
  const file = await fileOf('anonymous', [
    ...rows('CT thorax', 5),
    ...rows('CT knee', 4),
    ...rows('MR head', 8, (at) => (at < 5 ? 'PAT-ONE' : `PAT-${at}`)),
  ]);
  const told = file.toString('utf8').match(/(CT thorax|CT knee|MR head)/g) ?? [];
  assert.equal(told, ['CT thorax', 'CT thorax', 'CT thorax', 'CT thorax', 'CT thorax']);
  assert.is(file.toString('utf8').trimEnd().split('\r\n').length, 18, 'every row is there');
});

test('of fewer than five cases, or of none, have no row', async () => {
  for (const few of [0, 1, 4]) {
    const text = (await fileOf('anonymous', ROWS.slice(0, few))).toString('utf8');
    assert.match(text, /^\uFEFF[^\r\n]+\r\n$/, `${few}`);
  }
  assert.is((await fileOf('anonymous', [], 'jsonl')).length, 0);
});

test('do not tell the order of the cases', async () => {
  const rows = Array.from({ length: 60 }, (_, at) => rowOf(0, { patientId: `P-${at}`, models: [`m${at}`] }));
  const orderOf = async () =>
    [...(await fileOf('anonymous', rows)).toString('utf8').matchAll(/\bm(\d+)\b/g)].map(([, at]) =>
      Number(at),
    );
  const one = await orderOf();
  const other = await orderOf();
  assert.equal(
    one.toSorted((a, b) => a - b),
    rows.map((_, at) => at),
  );
  assert.not.equal(
    one,
    one.toSorted((a, b) => a - b),
  );
  assert.not.equal(one, other);
});

test('that would tell an identity are not given out; the field and the row are named, and not whose it is', async () => {
  const rows = [...ROWS.slice(0, 20), rowOf(20, { modelVersions: [`by ${nameOf(3).toUpperCase()}`] })];
  for (const format of ['csv', 'jsonl'] as const) {
    const error: unknown = await fileOf('anonymous', rows, format).catch((thrown: unknown) => thrown);
    if (!(error instanceof IdentityFound)) throw assert.unreachable(`${error}`);
    assert.is(error.field, 'modelVersions');
    assert.ok(error.row >= 1 && error.row <= 22);
    assert.not.match(`${error.message} ${error.stack}`, new RegExp(nameOf(3), 'i'));
  }
});

test.run();
