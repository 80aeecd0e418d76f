/** Results as the web app's own readers show them: they read exactly what was built. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { readReport, type ContentItem } from '#shared/dicom/content-tree.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { loadCodecs } from '#shared/pixels/load-codecs.ts';
import { readSegmentation, sRgbOf } from '#shared/pixels/segmentation.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { resample } from './build-segmentation.ts';
import { buildResultInstances, buildVerifiedReport } from './build-result-instances.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { testFilm, testMaps, testMasks, testSubject } from '../testing/open-subject.ts';
import type { BuiltResult, ResultKind, ResultSubject, Verification } from './result-subject.ts';

const test = suite('a result, read back');
const of = (kind: ResultKind, results: readonly BuiltResult[]): BuiltResult =>
  results.find((result) => result.kind === kind)!;

async function read({ bytes }: { readonly bytes: Uint8Array }) {
  const outcome = await readInstance(bytesSource(bytes));
  if (outcome.kind === 'refused') throw assert.unreachable(outcome.because);
  return outcome.instance;
}

/** Every item below, with the words of its concept. */
function flat({ items }: ContentItem): readonly ContentItem[] {
  return items.flatMap((item) => [item, ...flat(item)]);
}
const named = (content: ContentItem, meaning: string) =>
  flat(content)
    .filter(({ name }) => name?.meaning === meaning)
    .map(({ value }) => value);

test('a report has its flags, its observer, its numbers with their units and its references', async () => {
  const subject = await testSubject(testFilm({ seed: 11 }).bytes);
  const results = buildResultInstances(subject, testMaps());
  const report = readReport(await read(of('SR', results)))!;
  assert.equal(
    [
      report.content.name?.meaning,
      report.completion,
      report.completionDescription,
      report.verification,
      report.preliminary,
      report.verifiers,
      report.predecessors,
    ],
    ['Imaging Measurement Report', 'PARTIAL', 'AI, not for diagnosis', 'UNVERIFIED', 'PRELIMINARY', [], []],
  );
  assert.equal(named(report.content, 'Score'), [
    { kind: 'number', number: '92.88', unit: { value: '%', scheme: 'UCUM', meaning: 'percent' } },
  ]);
  assert.equal(
    named(report.content, 'Algorithm Name'),
    ['image-kind', 'pneumonia', 'lung-fields'].map((text) => ({ kind: 'text', text })),
  );
  assert.equal(named(report.content, 'Finding'), [
    {
      kind: 'code',
      code: { value: 'AT-OR-ABOVE', scheme: '99RELAYPACS', meaning: 'Score at or above the threshold' },
    },
  ]);
  const { sopClassUID, sopInstanceUID } = subject.source.identifiers;
  const library = flat(report.content).find(({ name }) => name?.meaning === 'Image Library Group');
  assert.equal(
    fieldsOf(library!.items, 'name', 'value'),
    [[null, { kind: 'reference', sopClassUID, sopInstanceUID }]],
    'TID 1601 names it by its place',
  );
  assert.is(named(report.content, 'Visual Explanation')[0]?.kind, 'reference');
  const sites = flat(report.content)
    .filter(({ name }) => name?.value === 'LUNG-AREA')
    .map(({ items: [site] }) => (site?.value.kind === 'code' ? site.value.code.meaning : null));
  assert.equal(sites, [null, 'Right lung', 'Left lung']);
});

test('a verified report names its verifier and verdict, shows their text in its own script, and names the report that it completes', async () => {
  const subject = await testSubject(testFilm({ seed: 12 }).bytes);
  const reason = 'Beidseits zarte Zeichnung, müde';
  const said: Verification = {
    ...{ verdict: 'correct', finding: 'viral pneumonia', reason, by: 'Rahel', revision: 2 },
    at: new Date('2026-11-21T08:30:00Z'),
  };
  const verified = buildVerifiedReport(subject, ['SEG', 'SC'], said);
  const first = of('SR', buildResultInstances(subject, testMaps())).identifiers;
  assert.is.not(verified.identifiers.sopInstanceUID, first.sopInstanceUID);
  assert.is(verified.identifiers.seriesInstanceUID, first.seriesInstanceUID);
  const report = readReport(await read(verified))!;
  const told = JSON.stringify(report.content);
  assert.ok(told.includes('Corrects the model') && told.includes('75570004'), 'viral pneumonia');
  assert.equal(
    [report.completion, report.verification, report.verifiers],
    ['COMPLETE', 'VERIFIED', [{ name: 'Rahel', at: '20261121083000+0000' }]],
  );
  assert.equal(report.predecessors, [first.sopInstanceUID]);
  assert.equal(named(report.content, 'Reason'), [{ kind: 'text', text: reason }]);
  assert.equal(named(report.content, 'Person Observer Name'), [{ kind: 'name', name: 'Rahel' }]);
});

async function segmentationOf(subject: ResultSubject, side: number) {
  const instance = await read(of('SEG', buildResultInstances(subject, testMaps())));
  const outcome = await readSegmentation(instance, side, loadCodecs());
  if (outcome.kind === 'refused') throw assert.unreachable(outcome.because);
  return outcome.segmentation;
}

test('a segmentation has both lungs with their names, colours and exactly the pixels that were marked', async () => {
  const subject = await testSubject(testFilm({ seed: 13 }).bytes);
  const { rows, columns, segments, sources } = await segmentationOf(subject, 4096);
  assert.equal(
    [rows, columns, sources],
    [subject.finding.input.rows, subject.finding.input.columns, [subject.source.identifiers.sopInstanceUID]],
  );
  assert.equal(
    segments.map(({ label, type, algorithmType, algorithm, area }) => [
      label,
      type?.value,
      algorithmType,
      algorithm,
      area,
    ]),
    [
      ['Right lung', '3341006', 'AUTOMATIC', 'lung-fields 1.0.0', null],
      ['Left lung', '44029006', 'AUTOMATIC', 'lung-fields 1.0.0', null],
    ],
  );
  const masks = testMasks();
  for (const [at, side] of (['right', 'left'] as const).entries()) {
    const mask = resample(masks[side], masks.side, rows, columns);
    const { picture, pixels, colour } = segments[at]!;
    assert.is(
      pixels,
      mask.reduce((sum, value) => sum + value, 0),
    );
    assert.equal([picture.width, picture.height], [columns, rows]);
    assert.ok(
      mask.every((value, pixel) => picture.rgba[pixel * 4 + 3] === value * 255),
      side,
    );
    const inside = mask.indexOf(1) * 4;
    assert.equal([...picture.rgba.subarray(inside, inside + 3)], [...colour]);
  }
});

test('a segment has an area if its pixels have a size; its picture is no larger than requested', async () => {
  const subject = await testSubject(syntheticStudy({ seed: 14, modality: 'CT' }).instances[0]!.bytes);
  const { segments } = await segmentationOf(subject, 32);
  for (const { area, pixels, picture } of segments) {
    assert.ok(area !== null && area > 0 && area < pixels, `${area} cm² of ${pixels} pixels`);
    assert.is(Math.max(picture.width, picture.height), 32);
  }
});

test('an instance that is no report has no report text, and one that is no segmentation is refused by name', async () => {
  const subject = await testSubject(testFilm({ seed: 15 }).bytes);
  const report = await read(of('SR', buildResultInstances(subject, testMaps())));
  const capture = await read(of('SC', buildResultInstances(subject, testMaps())));
  assert.is(readReport(capture), null);
  for (const [instance, because] of [
    [report, 'image-without-pixels'],
    [capture, 'image-type-unsupported'],
  ] as const)
    assert.equal(await readSegmentation(instance, 64, loadCodecs()), { kind: 'refused', because });
});

test('the recommended colour is the colour shown', () => {
  // White, black, and the red of sRGB, whose CIELab under D50 is 54.29, 80.80, 69.89 (Lindbloom).
  const lab = (l: number, a: number, b: number) =>
    [(l / 100) * 65_535, ((a + 128) / 255) * 65_535, ((b + 128) / 255) * 65_535] as const;
  assert.equal(
    [sRgbOf(lab(100, 0, 0)), sRgbOf(lab(0, 0, 0)), sRgbOf(lab(54.29, 80.8, 69.89))],
    [
      [255, 255, 255],
      [0, 0, 0],
      [255, 0, 0],
    ],
  );
});

test.run();
