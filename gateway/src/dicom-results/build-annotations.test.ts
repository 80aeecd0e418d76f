/** Reports of annotations as others read them: dciodvfy, pydicom, and the web app's own reader. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import type { SimpleElement } from '#shared/dicom/build-instance.ts';
import { readReport } from '#shared/dicom/content-tree.ts';
import { describeInstance } from '#shared/dicom/describe-instance.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import type { Annotation, AnnotationKind } from '#shared/protocol/annotations.ts';
import { skip } from '#testing/environment.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { DEIDENTIFIED, testFilm, type FilmOptions } from '../testing/open-subject.ts';
import { faultsOf, pointsAt, readMarks, type Mark } from '../testing/read-marks.ts';
import { createAnnotationThread, type ToAnnotate } from './annotation-thread.ts';
import { buildAnnotations, type AnnotationSubject } from './build-annotations.ts';
import { imageFactsOf } from './image-facts.ts';
import { observerName } from './observer.ts';
import { createResultUid } from './result-uid.ts';

const test = suite('a report of annotations');
const secret = new Uint8Array(32).fill(7);
const READER = { id: 'account-1', username: 'dr.house' };
const LABEL = 'Yamada: siehe Oberhuber';

async function parsed(bytes: Uint8Array) {
  const read = await readInstance(bytesSource(bytes), undefined, 'replaced');
  if (read.kind === 'refused') throw assert.unreachable(read.because);
  return read.instance;
}

type Drawn = {
  readonly kind: AnnotationKind;
  readonly points: [number, number][];
  readonly frame?: number;
  readonly label?: string;
};
const ALL: readonly Drawn[] = [
  { kind: 'point', points: pointsAt(10.5, 20.25) },
  { kind: 'arrow', points: pointsAt(0, 0, 80, 96) },
  { kind: 'box', points: pointsAt(30, 40, 10, 60.5) },
  { kind: 'ellipse', points: pointsAt(10, 10, 30, 70) },
  { kind: 'ellipse', points: pointsAt(10, 10, 70, 30) },
  { kind: 'line', points: Array.from({ length: 2000 }, (_, at) => [at % 80, at % 96]) },
  { kind: 'length', points: pointsAt(10, 20, 40, 60) },
  { kind: 'text', points: pointsAt(79.99, 0.01) },
];

async function subjectOf(bytes: Uint8Array, drawn: readonly Drawn[] = ALL): Promise<AnnotationSubject> {
  const source = await parsed(bytes);
  const { sopClassUID: _, ...where } = source.identifiers;
  const annotations = drawn.map(
    (one, at): Annotation => ({
      ...{ id: `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`, number: at + 3, frame: 1 },
      ...{ ...where, label: LABEL, ...one },
    }),
  );
  return {
    source,
    annotations,
    images: new Map([[where.sopInstanceUID, imageFactsOf(source)!]]),
    reviewId: 'review-1',
    reading: { place: 1, readers: 1, standing: 1 },
    uid: createResultUid(secret),
    softwareVersion: '0.1.0',
    by: observerName(source, READER, secret),
    at: new Date('2026-11-23T08:30:00Z'),
  };
}
const film = (more: FilmOptions) => subjectOf(testFilm(more).bytes);

function marksOf({ bytes }: { readonly bytes: Uint8Array }): readonly Mark[] {
  const marks = readMarks(bytes);
  return marks ?? skip('annotations through pydicom', 'pydicom is not installed');
}
async function lengthOf(more: readonly SimpleElement[], seed = 77): Promise<unknown[]> {
  const marks = marksOf(buildAnnotations(await film({ seed, more })));
  const { length, unit, method } = marks.find(({ tracking }) => tracking.startsWith('Length '))!;
  return [length, unit, method?.length ?? 0];
}

test('has no fault that dciodvfy finds: of a film, one without a name, frames, a slice', async () => {
  const slice = syntheticStudy({ seed: 74, modality: 'CT' }).instances[0]!.bytes;
  const subjects = [
    await film({ seed: 71 }),
    await film({ seed: 72, more: DEIDENTIFIED }),
    await subjectOf(
      testFilm({ seed: 73, frames: 4 }).bytes,
      ALL.map((one) => ({ ...one, frame: 3 })),
    ),
    await subjectOf(slice, [{ kind: 'length', points: pointsAt(1, 1, 4, 5) }]),
  ];
  for (const subject of subjects) {
    const faults = faultsOf(buildAnnotations(subject).bytes);
    if (faults === null) skip('annotations through dciodvfy', 'dicom3tools is not installed');
    assert.equal(faults, []);
  }
});

test('has each mark under its number on the pixels where it was drawn, as pydicom reads it', async () => {
  const subject = await film({ seed: 75 });
  const marks = marksOf(buildAnnotations(subject));
  assert.ok(
    marks.every(({ image, frame }) => image === subject.source.identifiers.sopInstanceUID && frame === 0),
  );
  const drawn = marks.map(({ tracking, type, points: { length }, points }) => [
    ...[tracking, type, length > 10 ? length : points],
  ]);
  assert.equal(drawn, [
    ['Point 3', 'POINT', ALL[0]!.points],
    ['Arrow 4', 'POLYLINE', ALL[1]!.points],
    ['Box 5', 'POLYLINE', pointsAt(30, 40, 10, 40, 10, 60.5, 30, 60.5, 30, 40)],
    ['Ellipse 6', 'ELLIPSE', pointsAt(20, 10, 20, 70, 10, 40, 30, 40)],
    ['Ellipse 7', 'ELLIPSE', pointsAt(10, 20, 70, 20, 40, 10, 40, 30)],
    ['Line 8', 'POLYLINE', 2000],
    ['Length 9', 'POLYLINE', ALL[6]!.points],
    ['Text 10', 'POINT', marks[7]!.points],
  ]);
  const [[column, row]] = marks[7]!.points as [[number, number]];
  assert.ok(Math.abs(column - 79.99) < 1e-4 && Math.abs(row - 0.01) < 1e-4, `${column} ${row}`);
  assert.ok(marks.every(({ comment }) => comment === LABEL));
  const ofOne = buildAnnotations({ ...subject, reading: { place: 2, readers: 2, standing: 1 } });
  assert.is(marksOf(ofOne)[6]!.tracking, 'Length B9', 'with the letter of its reader');
});

test('names the frame of an image that has several', async () => {
  const { bytes } = testFilm({ seed: 76, frames: 4 });
  const marks = marksOf(buildAnnotations(await subjectOf(bytes, [{ ...ALL[0]!, frame: 3 }])));
  assert.equal(fieldsOf(marks, 'frame'), [3]);
});

test('measures in millimetres as far as the image says how large its pixels are, and says if that is at the detector', async () => {
  const imager: SimpleElement = [0x00181164, 'DS', '0.2', '0.1'];
  const spacing: SimpleElement = [0x00280030, 'DS', '0.2', '0.1'];
  const calibrated: SimpleElement = [0x00280a02, 'CS', 'GEOMETRY'];
  // 30 columns of 0.1 mm and 40 rows of 0.2 mm.
  const mm = 8.544;
  assert.equal(await lengthOf([]), [50, '{pixels}', 0]);
  assert.equal(await lengthOf([imager]), [mm, 'mm', 1]);
  assert.equal(await lengthOf([spacing]), [mm, 'mm', 0]);
  assert.equal(await lengthOf([imager, spacing]), [mm, 'mm', 1]);
  assert.equal(await lengthOf([imager, spacing, calibrated]), [mm, 'mm', 0]);
  assert.equal(await lengthOf([imager, [0x00280030, 'DS', '0.1', '0.05']]), [mm / 2, 'mm', 0]);
  for (const wrong of ['0', '-1', 'x'])
    assert.equal(await lengthOf([[0x00280030, 'DS', wrong, '0.1']]), [50, '{pixels}', 0]);
});

const measures = (down: string): SimpleElement => [0x00289110, 'SQ', [[0x00280030, 'DS', down, '0.1']]];

test('takes the size of pixels from what all frames share, and from none if they differ', async () => {
  const spacingOf = async (...more: SimpleElement[]) =>
    imageFactsOf(await parsed(testFilm({ seed: 78, frames: 2, more }).bytes))!.spacing;
  const is = (down: number) => ({ down, across: 0.1, isAtDetector: false });
  assert.equal(await spacingOf([0x52009229, 'SQ', [measures('0.3')]]), is(0.3));
  assert.equal(await spacingOf([0x52009230, 'SQ', [measures('0.3')], [measures('0.3')]]), is(0.3));
  assert.is(await spacingOf([0x52009230, 'SQ', [measures('0.3')], [measures('0.4')]]), null);
});

test('is verified by the reader who signed it, in the letters of their labels', async () => {
  const latin: SimpleElement[] = [
    [0x00080005, 'CS', 'ISO_IR 100'],
    [0x00100010, 'PN', new Uint8Array([0x4d, 0xfc, 0x6c, 0x6c, 0x65, 0x72])],
  ];
  const { bytes } = testFilm({ seed: 79, more: latin });
  const label = '両側びまん性';
  const built = await parsed(buildAnnotations(await subjectOf(bytes, [{ ...ALL[0]!, label }])).bytes);
  const report = readReport(built)!;
  assert.equal(
    [report.completion, report.verification, report.verifiers, report.content.name?.value],
    ['COMPLETE', 'VERIFIED', [{ name: 'dr.house', at: '20261123083000+0000' }], '126000'],
  );
  assert.match(JSON.stringify(report.content), label);
  const { patientName, seriesDescription } = describeInstance(built);
  assert.equal([patientName, seriesDescription], ['Müller', 'Annotations of a reader']);
});

test('of a de-identified study holds no true date, no name of the reader and no label', async () => {
  const built = buildAnnotations(await film({ seed: 80, more: DEIDENTIFIED }));
  const content = Buffer.from(built.bytes).toString('latin1');
  for (const told of ['2026', 'dr.house', 'account-1', 'Yamada', 'Oberhuber', 'Film^Child'])
    assert.not.ok(content.includes(told), told);
  assert.ok(content.includes('RP-0123456789ABCDEFGHJKMNPQRS'), 'the pseudonym of the study');
  assert.is(marksOf(built).length, ALL.length, 'the marks stay');
});

test('built again is the same, byte for byte, also in the thread; another review makes another of the series', async () => {
  const { bytes } = testFilm({ seed: 81 });
  const subject = await subjectOf(bytes);
  const built = buildAnnotations(subject);
  const { source: _, uid: __, by: ___, ...said } = subject;
  const thread = createAnnotationThread();
  const { signal } = new AbortController();
  const toBuild: Omit<ToAnnotate, 'kind'> = { ...said, secret, person: READER, source: bytes.slice() };
  assert.equal(await thread.build(toBuild, signal), built);
  assert.equal(await thread.look(bytes.slice(), signal), subject.images.values().next().value);
  assert.is(await thread.look(built.bytes.slice(), signal), null, 'a report is no image');
  const other = buildAnnotations({ ...subject, reviewId: 'review-2' }).identifiers;
  assert.is(other.seriesInstanceUID, built.identifiers.seriesInstanceUID);
  assert.is.not(other.sopInstanceUID, built.identifiers.sopInstanceUID);
});

test('says whose it is of several readings, and whose answers stand; readings never share a series', async () => {
  const subject = await film({ seed: 82 });
  const series = new Set<string>();
  const told: unknown[] = [];
  for (const [place, standing] of [
    [1, 1],
    [2, 1],
    [1, 0],
    [0, 0],
  ] as const) {
    const { bytes, identifiers } = buildAnnotations({ ...subject, reading: { place, readers: 2, standing } });
    const faults = faultsOf(bytes);
    if (faults !== null) assert.equal(faults, []);
    series.add(identifiers.seriesInstanceUID);
    const instance = await parsed(bytes);
    const observer = JSON.stringify(readReport(instance)!.content);
    const { seriesDescription } = describeInstance(instance);
    const [flag] = /The (answers|readers)[a-z, ]+/.exec(Buffer.from(bytes).toString('latin1')) ?? [];
    told.push([seriesDescription, /"(C96561|C28747)"/.exec(observer)?.[1], flag?.trim()]);
    assert.is(observer.includes(`${place} of 2`), place > 0);
  }
  assert.equal(told, [
    ['Annotations of reader 1 of 2', 'C28747', 'The readers agreed'],
    ['Annotations of reader 2 of 2', 'C28747', 'The readers agreed'],
    ['Annotations of reader 1 of 2', 'C28747', 'The answers of the adjudicator stand, not of this reading'],
    ['Annotations of the adjudicator', 'C96561', 'The answers of this reading stand'],
  ]);
  assert.is(series.size, 3);
});

test.run();
