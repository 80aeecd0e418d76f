/** A report on paper: the words that a reader of PDF sees, the images, and what the file tells of its making. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Annotation } from '#shared/protocol/annotations.ts';
import type { Numbered, ReadMark } from '../case-images.ts';
import type { ExportField } from '#shared/protocol/exports.ts';
import { encodePng } from '../../images/encode-png.ts';
import { BUILT_IN_TYPES } from '../../reviews/built-in-types.ts';
import type { Cell } from '../source-row.ts';
import { pointsAt } from '../../testing/read-marks.ts';
import { drawReport } from './draw-report.ts';
import type { ReportCase, ReportHead, ReportPicture } from './report-thread.ts';

const test = suite('a report of cases');

const REVIEWS: ReportHead['reviews'] = {
  ...Object.fromEntries(
    BUILT_IN_TYPES.map(({ name, definition }) => [
      name,
      { title: definition.title, questions: definition.form.properties },
    ]),
  ),
  nodule: {
    title: 'Nodule',
    questions: {
      size: {
        title: 'Longest diameter',
        'x-field': 'measurement',
        type: 'number',
        minimum: 0,
        maximum: 200,
        'x-unit': 'mm',
      },
    },
  },
};
const NONE = { cases: 0, isMore: false };
const MADE: ReportHead['made'] = {
  at: new Date('2026-11-23T10:15:00Z'),
  role: 'radiologist',
  username: 'rita',
  purpose: 'Audit of the third quarter',
};

type Shown = Partial<Record<ExportField, Cell>>;
type Drawn = { readonly head?: Partial<ReportHead>; readonly pictures?: readonly ReportPicture[] };
type Case = { readonly cells: Shown; readonly images?: ReportCase['images']; readonly more?: number };

async function draw(cases: readonly Case[], { head = {}, pictures = [] }: Drawn = {}): Promise<Buffer> {
  const columns = [...new Set(cases.flatMap(({ cells }) => Object.keys(cells)))] as ExportField[];
  const pieces: Uint8Array[] = [];
  const rest = [...cases];
  const title = 'Report of cases';
  await drawReport(
    { title, redaction: 'full', columns, reviews: REVIEWS, notShown: NONE, made: MADE, ...head },
    {
      async next() {
        const one = rest.shift();
        if (one === undefined) return null;
        const cells = columns.map((column) => one.cells[column] ?? null);
        return { cells, images: one.images ?? [], more: one.more ?? 0 };
      },
      picture: async (at) => pictures[at]!,
      take: async (bytes) => void pieces.push(bytes),
    },
  );
  return Buffer.concat(pieces);
}

/** The words as a reader of PDF sees them, line breaks as spaces. */
const wordsOf = (pdf: Buffer): string =>
  execFileSync('pdftotext', ['-layout', '-', '-'], { input: pdf }).toString().replace(/\s+/g, ' ');

const WHERE = { studyInstanceUID: '1.2.3', seriesInstanceUID: '1.2.4', sopInstanceUID: '1.2.5', frame: 1 };
const mark = (
  kind: Annotation['kind'],
  points: Annotation['points'],
  label = '',
  by: Omit<Numbered, 'review'> = { place: null, number: 1 },
): ReadMark => ({ ...WHERE, id: randomUUID(), kind, points, label, by: [{ review: 0, ...by }] });
const FIRST = { frame: 1, nth: 1, frames: null };
const IMAGE = {
  ...FIRST,
  marks: [
    mark('length', pointsAt(10, 10, 60, 10), 'nodule'),
    mark('box', pointsAt(20, 30, 70, 60), '', { place: null, number: 4 }),
    mark('arrow', pointsAt(80, 80, 50, 50), 'here', { place: 1, number: 2 }),
    mark('text', pointsAt(5, 90), 'old scar', { place: 2, number: 7 }),
    mark('point', pointsAt(9, 9), 'new', { place: 0, number: 7 }),
  ],
};
function printed(more: Partial<Extract<ReportPicture, { kind: 'printed' }>> = {}): ReportPicture {
  const data = new Uint8ClampedArray(96 * 80).map((_, at) => (at * 7) % 256);
  const png = encodePng({ width: 80, height: 96, channels: 1, data });
  const spacing = { row: 0.5, column: 0.5, at: 'patient' as const };
  return { kind: 'printed', png, rows: 96, columns: 80, spacing, mayHoldName: false, ...more };
}

const CASE: Shown = {
  caseNumber: 12,
  patientName: 'Yamada^Kitsune=山田^狐',
  birthDate: '19800224',
  sex: 'F',
  ageBand: '40 to 49',
  finding: 'positive',
  models: ['pneumonia', 'other'],
  modelVersions: ['1.2.0', '3'],
  scores: [0.8312, null],
  positives: [true, null],
  verdicts: ['correct', null],
  correctedFindings: ['No pneumonia', null],
  reviewTypes: ['chest-film', 'nodule', 'gone'],
  decisions: ['correct'],
  readers: ['rita'],
  readerRoles: ['adjudicator'],
  settledAt: ['2026-11-22T06:51:09Z'],
  // The database's order. The form asks for the finding first.
  answers: ['chest-film.certainty=4', 'chest-film.finding=normal', 'nodule.size=12.5', 'gone.old=7'],
  notes: ['First line\nsecond line', 'Мороз, Łukasz'],
};

test('says the fields in words, with units, and whose answers stand by their role', async () => {
  const words = wordsOf(await draw([{ cells: CASE }]));
  for (const said of [
    ...['Case 12', 'Yamada, Kitsune', 'Born 1980-02-24', 'Sex female', 'Age 40 to 49 years'],
    ...[
      'A model found an abnormality',
      'pneumonia Version: 1.2.0 abnormality found; score 0.83 (from 0 to 1)',
    ],
    ...['a radiologist disagreed and corrected it', 'Corrected finding: No pneumonia', 'Review 1 Chest film'],
    ...['other Version: 3 does not say whether there is an abnormality'],
    ...['corrected by the adjudicator 2026-11-22 06:51 UTC', 'Read by: rita'],
    ...['What does the film show? Nothing abnormal', 'How certain are you? 4 (from 1 to 5)'],
    ...['Longest diameter 12.5 mm', 'gone.old=7', 'First line second line', 'Moroz, Lukasz'],
    ...['Not for diagnosis.', 'Page 1', 'This report names patients.', 'Purpose: Audit of the third quarter'],
    ...['Created 2026-11-23 10:15 UTC by rita (a radiologist)', 'End of the report: 1 case on 1 page.'],
  ])
    assert.ok(words.includes(said), `${said} in: ${words}`);
  assert.ok(
    words.indexOf('What does the film show?') < words.indexOf('How certain are you?'),
    'in the order of the form',
  );
});

test('tells two reviews of one type apart: each with its reader, its answers and its marks', async () => {
  const cells: Shown = {
    reviewTypes: ['chest-film', 'chest-film'],
    decisions: ['correct', 'accept'],
    readers: ['rita', 'ruben'],
    readerRoles: ['reader', 'reader'],
    answers: ['chest-film.finding=normal', 'chest-film#2.finding=other', 'chest-film#2.certainty=4'],
  };
  const [own, other] = IMAGE.marks;
  const marks = [own!, { ...other!, by: [{ review: 1, place: null, number: 1 }] }];
  const words = wordsOf(await draw([{ cells, images: [{ ...FIRST, marks }] }], { pictures: [printed()] }));
  const first = words.indexOf('Review 1 Chest film');
  const second = words.indexOf('Review 2 Chest film');
  assert.ok(first >= 0 && second > first, words);
  const ofFirst = words.slice(first, second);
  const ofSecond = words.slice(second);
  assert.ok(ofFirst.includes('rita') && ofFirst.includes('What does the film show? Nothing abnormal'));
  assert.not.ok(ofFirst.includes('Something else'));
  assert.ok(
    ofSecond.includes('Read by: ruben') && ofSecond.includes('What does the film show? Something else'),
  );
  assert.ok(
    words.includes('1 of review 1. length (rita, review 1)') &&
      words.includes('1 of review 2. box (ruben, review 2)'),
    words,
  );
});

test('after an adjudication says that readers differed, whose answers stand, and what each reader had answered', async () => {
  const cells: Shown = {
    reviewTypes: ['chest-film'],
    decisions: ['correct'],
    readers: [['rosa', 'rita', 'ruben']],
    readerRoles: ['adjudicator'],
    answers: [
      ...['chest-film.finding=pneumonia', 'chest-film@reader-1.finding=normal'],
      'chest-film@reader-2.finding=pneumonia',
    ],
  };
  const [one] = IMAGE.marks;
  const taken = { ...one!, by: [0, 2].map((place) => ({ review: 0, place, number: 6 - place })) };
  const images = [{ ...FIRST, marks: [taken] }];
  const words = wordsOf(await draw([{ cells, images }], { pictures: [printed()] }));
  for (const said of [
    'The readers differed. The adjudicator’s answers are final.',
    'Read by: rosa (the adjudicator), rita (reader 1), ruben (reader 2)',
    'What does the film show? Pneumonia',
    'Differs, reader 1 (rita): What does the film show? Nothing abnormal (differs)',
    'Agrees, reader 2 (ruben): What does the film show? Pneumonia',
    'X6, B4. length (rosa, the adjudicator; ruben, reader 2)',
  ])
    assert.ok(words.includes(said), `${said} in: ${words}`);
});

test('shows an image with its marks, and beneath it the marks in words, numbered as in their review', async () => {
  const images = [
    ...[
      { ...IMAGE, nth: 2 },
      { ...FIRST, nth: 5, frames: 4, marks: [] },
    ],
    ...[
      { ...FIRST, nth: 3, frame: 3, marks: [] },
      { ...FIRST, nth: null, marks: [] },
    ],
  ];
  const pictures = [
    printed(),
    printed({ spacing: null }),
    { kind: 'withheld' as const },
    { kind: 'missing' as const },
  ];
  const pdf = await draw([{ cells: { caseNumber: 1 }, images, more: 2 }], { pictures });
  const words = wordsOf(pdf);
  for (const said of [
    ...['1. length: 25 mm: nodule', '4. box', 'A2. arrow (reader 1): here', 'B7. text (reader 2): old scar'],
    'X7. point (the adjudicator): new',
    ...['Image 2 1. length', 'Image 5, frame 1', 'Image of the case: The PACS no longer has this image.'],
    ...['Image 3, frame 3: This image is left out', '2 further images are in the PACS.'],
  ])
    assert.ok(words.includes(said), `${said} in: ${words}`);
  assert.is(pdf.toString('latin1').split('/Subtype /Image').length - 1, 2);
});

test('has numbered pages, and goes on where a text is longer than a page', async () => {
  const notes = [Array.from({ length: 900 }, (_, at) => `word${at}`).join(' '), 'x'.repeat(400)];
  const cases = Array.from({ length: 5 }, (_, at) => ({ cells: { caseNumber: at, notes } }));
  const pages = execFileSync('pdftotext', ['-layout', '-', '-'], { input: await draw(cases) })
    .toString()
    .split('\f')
    .slice(0, -1);
  assert.ok(pages.length > 5, `${pages.length} pages`);
  for (const [at, page] of pages.entries())
    assert.match(page, new RegExp(`Not for diagnosis.* Page ${at + 1}\\s*$`));
  const all = pages.join(' ');
  for (const word of ['word0', 'word450', 'word899'])
    assert.is(all.match(new RegExp(`${word}\\b`, 'g'))?.length, cases.length, word);
  assert.match(all, new RegExp(`End of the report: 5 cases on ${pages.length} pages`));
});

test('tells nothing of when and where it was made, unless it says so to its reader', async () => {
  const cases = [{ cells: { ageBand: '45 to 49', finding: 'positive' } }];
  const head = { redaction: 'anonymous' as const, made: null };
  const one = await draw(cases, { head });
  const other = await draw(cases, { head });
  assert.ok(one.equals(other), 'the same cases give the same bytes');
  assert.not.match(one.toString('latin1'), /Date|Metadata|20\d\d/);
  assert.match(one.toString('latin1'), /Producer .* 0 R|\(RelayPACS\)/);
  assert.match(wordsOf(one), /Images are left out too, .*Case 1 of this report/);
  const few = await draw(cases, { head: { ...head, notShown: { cases: null, isMore: false } } });
  assert.match(wordsOf(few), /A few cases of this site are hidden/);
  const many = await draw(cases, { head: { ...head, notShown: { cases: 38, isMore: false } } });
  assert.match(wordsOf(many), /38 cases of this site are hidden from the person .* contain names/);
});

test.run();
