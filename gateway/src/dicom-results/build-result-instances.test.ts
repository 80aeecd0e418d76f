/** Results as others read them: dciodvfy, dsrdump, dcmdump and pydicom, on sources of several makes. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SimpleElement } from '#shared/dicom/build-instance.ts';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { readReport } from '#shared/dicom/content-tree.ts';
import { describeInstance } from '#shared/dicom/describe-instance.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { findElement, textOf } from '#shared/dicom/values.ts';
import { skip, testEnvironment } from '#testing/environment.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { resample } from './build-segmentation.ts';
import { buildResultInstances, buildVerifiedReport } from './build-result-instances.ts';
import { observerName } from './observer.ts';
import {
  askProgram,
  DEIDENTIFIED,
  testFilm,
  testMaps,
  testMasks,
  testSubject,
} from '../testing/open-subject.ts';
import { faultsOf } from '../testing/read-marks.ts';
import type { BuiltResult, ResultKind, Verification } from './result-subject.ts';
import { createResultUid } from './result-uid.ts';
import { fieldsOf } from '../testing/fields-of.ts';

const PYTHON = '/usr/bin/python3';
const test = suite('a result');

const uidsOf = (results: readonly BuiltResult[]): string[] =>
  results.map(({ identifiers }) => identifiers.sopInstanceUID);
const of = (kind: ResultKind, results: readonly BuiltResult[]): BuiltResult =>
  results.find((result) => result.kind === kind)!;
const correction: Verification = {
  verdict: 'correct',
  finding: 'viral pneumonia',
  reason: 'Beidseits zarte Zeichnung, für Bakterien zu schwach',
  by: 'radiologist',
  at: new Date('2026-11-21T08:30:00Z'),
  revision: 2,
};

/** Asserts that the program prints each text of `all`, and returns all that it printed. */
function prints(
  bytes: Uint8Array,
  [program, ...args]: readonly [string, ...string[]],
  all: readonly string[],
): string {
  const printed = askProgram(program, args, bytes);
  if (printed === null) return skip(`results through ${program}`, 'dcmtk is not installed');
  for (const said of all) assert.ok(printed.text.includes(said), `${said}\n${printed.text}`);
  return printed.text;
}

async function readBack({ bytes }: { readonly bytes: Uint8Array }) {
  const read = await readInstance(bytesSource(bytes));
  if (read.kind === 'refused') throw assert.unreachable(read.because);
  return read.instance;
}

test('has no fault that dciodvfy finds: for a film, a film without a name, frames, a slice, and with the radiologist’s verdict', async () => {
  const films = [{ seed: 1 }, { seed: 2, more: DEIDENTIFIED }, { seed: 3, frames: 4 }];
  const slice = await testSubject(syntheticStudy({ seed: 4, modality: 'CT' }).instances[0]!.bytes);
  const subjects = [
    ...(await Promise.all(
      films.map((film) => testSubject(testFilm(film).bytes, {}, film.frames === undefined ? 0 : 2)),
    )),
    slice,
  ];
  for (const subject of subjects) {
    const results = [
      ...buildResultInstances(subject, testMaps()),
      buildVerifiedReport(subject, ['SEG', 'SC'], correction),
    ];
    for (const result of results) {
      const errors = faultsOf(result.bytes);
      if (errors === null) skip('results through dciodvfy', 'dicom3tools is not installed');
      assert.equal(errors, [], result.kind);
    }
  }
  const segmentation = await readBack(of('SEG', buildResultInstances(slice, testMaps())));
  assert.equal(
    findElement(segmentation.elements, 0x00200052)?.bytes,
    findElement(slice.source.elements, 0x00200052)?.bytes,
    'in the space of its source',
  );
});

test('for sources of many makes and character sets has no fault that its source lacks', async () => {
  const { corpus } = testEnvironment();
  if (corpus === null) skip('results of the corpus', 'the corpus is not there');
  const films = 'dx-small cr-chest-philips ct-small mr-dwi-ge xa-multiframe mr-enh-philips mg-overlay';
  const folders = `${films} deflated nm-bone-syntaxes charsets`.split(' ');
  let checked = 0;
  for (const folder of folders) {
    const names = (await readdir(join(corpus, 'dev', folder))).filter((name) => name.endsWith('.dcm')).sort();
    for (const name of names.slice(0, folder === 'charsets' ? 8 : 1)) {
      const bytes = await readFile(join(corpus, 'dev', folder, name));
      if ((await readInstance(bytesSource(bytes))).kind === 'refused') continue;
      const subject = await testSubject(bytes);
      // Some have no pixels: a map is as large as the model's square then.
      const { rows, columns } = describeInstance(subject.source);
      const sized = {
        ...subject,
        finding: {
          ...subject.finding,
          input: { ...subject.finding.input, rows: rows ?? 128, columns: columns ?? 128 },
        },
      };
      for (const result of buildResultInstances(sized, testMaps())) {
        const errors = faultsOf(result.bytes);
        if (errors === null) skip('results of the corpus through dciodvfy', 'dicom3tools is not installed');
        assert.equal(errors, [], `${name} ${result.kind}`);
        checked += 1;
      }
    }
  }
  assert.ok(checked >= 40, `${checked} checked`);
});

const OF_THE_SOURCE = [
  ...[0x00080005, 0x00080020, 0x00080030, 0x00080050, 0x00080090, 0x00100010],
  ...[0x00100020, 0x00100030, 0x00100040, 0x00101010, 0x00200010, 0x0020000d],
];
const MULLER = new Uint8Array([0x4d, 0xfc, 0x6c, 0x6c, 0x65, 0x72]);
/** The film of a patient whose name is in this character set. */
const filmIn = (characterSet: string, seed: number) => {
  const more: SimpleElement[] = [[0x00080005, 'CS', characterSet]];
  return testFilm({ seed, more: [...more, [0x00100010, 'PN', MULLER]] });
};

test('carries patient and study of its source byte for byte, in a series of its own that says what it is', async () => {
  const film = filmIn('ISO_IR 100', 4);
  const subject = await testSubject(film.bytes);
  for (const result of buildResultInstances(subject, testMaps())) {
    const instance = await readBack(result);
    for (const tag of OF_THE_SOURCE)
      assert.equal(
        findElement(instance.elements, tag)?.bytes,
        findElement(subject.source.elements, tag)?.bytes,
        tag.toString(16),
      );
    assert.is(describeInstance(instance).patientName, 'Müller');
    assert.is(describeInstance(instance).seriesDescription, 'AI pneumonia 1.0.0, not for diagnosis');
    assert.is.not(result.identifiers.seriesInstanceUID, film.identifiers.seriesInstanceUID);
  }
  const series = buildResultInstances(subject, testMaps()).map((one) => one.identifiers.seriesInstanceUID);
  assert.is(new Set(series).size, 3);
});

test('prints as a report: unverified, with model, digest, probabilities, threshold and limits', async () => {
  const subject = await testSubject(testFilm({ seed: 5 }).bytes);
  prints(
    of('SR', buildResultInstances(subject, testMaps())).bytes,
    ['dsrdump', '+Pl', '+Pc'],
    [
      'Verification Flag   : UNVERIFIED',
      'Completion Flag     : PARTIAL',
      'AI, not for diagnosis',
      '"Algorithm Name")="pneumonia"',
      `SHA-256 of the model: ${'a'.repeat(64)}`,
      '(P-BACTERIAL,99RELAYPACS,"Probability of bacterial pneumonia")="90"',
      '"Probability of normal")="7.12" (%,UCUM,"percent")',
      '"Score")="92.88" (%,UCUM,"percent")',
      '"Threshold of the score")="21.2" (%,UCUM,"percent")',
      '(130401,DCM,"Visual Explanation")',
      '(111052,DCM,"Quality Finding")=(ROTATED,99RELAYPACS,"Film is rotated")',
      '(246262008,SCT,"Score")=',
      'The map marks 25 % of the right lung - mostly low.',
      'Children of 1 to 5 years only.',
      'NOT FOR DIAGNOSTIC USE',
      '(3341006,SCT,"Right lung")',
      '(SG image,)',
      '(SC image,)',
      '(DX image,)',
    ],
  );
});

test('outside the population says so, and gives no probability', async () => {
  const silent = {
    ...{ population: 'outside' as const, probabilities: null, score: null, positive: null, lungs: null },
    ...{ film: [], warnings: ['outside-population'] },
  };
  const results = buildResultInstances(await testSubject(testFilm({ seed: 6 }).bytes, silent), {
    lungs: null,
    heatMap: null,
  });
  assert.equal(fieldsOf(results, 'kind'), ['SR']);
  const printed = prints(
    results[0]!.bytes,
    ['dsrdump', '+Pl'],
    [
      'Outside the population of the model',
      'Not scored',
      '"Score, by pneumonia 1.0.0"',
      'pneumonia 1.0.0 was not made for this patient group or image. The age, body part',
    ],
  );
  assert.not.match(printed, /Probability of normal|"Score"\)=/);
});

test('of a model of kinds is not called unscored, and its correction is another of its kinds', async () => {
  const { model } = (await testSubject(testFilm({ seed: 6 }).bytes)).finding;
  const subject = await testSubject(testFilm({ seed: 6 }).bytes, {
    ...{ model: { ...model, id: 'image-kind' }, score: null, positive: null, threshold: null },
  });
  const hand: Verification = { ...correction, finding: 'Hand' };
  const { content } = readReport(await readBack(buildVerifiedReport(subject, [], hand)))!;
  const said = JSON.stringify(content);
  assert.not.match(said, /Not scored|NOT-SCORED/);
  assert.match(said, '"Answer, by image-kind 1.0.0"');
  assert.match(said, '{"value":"Hand","scheme":"99RELAYPACS","meaning":"Hand film"}');
});

test('with letters that its source’s character set lacks is written in UTF-8, with the same patient', async () => {
  const latin = await testSubject(filmIn('ISO_IR 100', 15).bytes);
  const said = await readBack(buildVerifiedReport(latin, [], { ...correction, reason: '両側びまん性' }));
  assert.equal(said.characterSets, ['ISO_IR 192']);
  assert.is(describeInstance(said).patientName, 'Müller');
  const plain = await readBack(buildVerifiedReport(latin, [], { ...correction, reason: 'bilateral' }));
  assert.equal(plain.characterSets, ['ISO_IR 100']);
  const unreadable = await testSubject(filmIn('ISO_IR 999', 16).bytes);
  const safe = await readBack(buildVerifiedReport(unreadable, [], { ...correction, reason: 'für' }));
  assert.equal(
    [...findElement(safe.elements, 0x00100010)!.bytes!.subarray(0, 6)],
    [...MULLER],
    'unreadable values are copied unchanged',
  );
});

test('of a de-identified study holds no true date, no observer’s name and no free text', async () => {
  const subject = await testSubject(testFilm({ seed: 8, more: DEIDENTIFIED }).bytes);
  const secret = new Uint8Array(32).fill(7);
  const by = observerName(subject.source, { id: 'account-1', username: 'dr.house' }, secret);
  assert.match(by, /^RP-/);
  const results = [
    ...buildResultInstances(subject, testMaps()),
    buildVerifiedReport(subject, [], { ...correction, by }),
  ];
  for (const { bytes } of results) {
    const content = Buffer.from(bytes).toString('latin1');
    for (const told of ['2026', 'dr.house', 'Bakterien']) assert.not.ok(content.includes(told), told);
    assert.is(
      textOf(findElement((await readBack({ bytes })).elements, 0x00120062), await readBack({ bytes })),
      'YES',
    );
  }
  const named = await testSubject(testFilm({ seed: 8 }).bytes);
  assert.is(observerName(named.source, { id: 'account-1', username: 'dr.house' }, secret), 'dr.house');
});

test('made a second time is the same, byte for byte; other parameters make no other instance, another frame, model or secret does', async () => {
  const film = testFilm({ seed: 9, frames: 3 });
  const again = async () => buildResultInstances(await testSubject(film.bytes), testMaps());
  const first = await again();
  const second = await again();
  for (const [i, { bytes }] of first.entries()) assert.ok(Buffer.from(bytes).equals(second[i]!.bytes));
  const subject = await testSubject(film.bytes);
  const others = [
    { ...subject, models: subject.models.slice(1) },
    await testSubject(film.bytes, {}, 1),
    { ...subject, uid: createResultUid(new Uint8Array(32).fill(8)) },
  ];
  const uids = others.flatMap((other) => uidsOf(buildResultInstances(other, testMaps())));
  assert.is(new Set([...uids, ...uidsOf(first)]).size, 12);
  const asked = {
    ...subject,
    key: 'the same with another threshold',
    finding: { ...subject.finding, threshold: 0.5 },
  };
  assert.equal(uidsOf(buildResultInstances(asked, testMaps())), uidsOf(first));
  const AGREED = { verdict: 'agree', finding: null, reason: null, by: 'x', revision: 2 } as const;
  const verified = (of: typeof subject) =>
    buildVerifiedReport(of, [], { ...AGREED, at: subject.at }).identifiers.sopInstanceUID;
  assert.is.not(verified(subject), verified(asked), 'two results of one image are verified one by one');
});

test('segments the lungs pixel for pixel as they were given, as pydicom reads it', async () => {
  for (const [rows, columns, seed] of [
    [128, 128, 10],
    [301, 257, 11],
    [64, 50, 12],
  ] as const) {
    const masks = testMasks();
    const subject = await testSubject(testFilm({ seed, rows, columns }).bytes);
    const result = of('SEG', buildResultInstances(subject, { lungs: masks, heatMap: null }));
    const script = [
      'import sys, json, base64, pydicom',
      'd = pydicom.dcmread(sys.argv[1])',
      'print(json.dumps({"shape": d.pixel_array.shape, "pixels": base64.b64encode(d.pixel_array.tobytes()).decode(),',
      ' "segments": [[s.SegmentNumber, s.SegmentedPropertyTypeCodeSequence[0].CodeValue, s.SegmentAlgorithmType] for s in d.SegmentSequence],',
      ' "frames": [f.SegmentIdentificationSequence[0].ReferencedSegmentNumber for f in d.PerFrameFunctionalGroupsSequence],',
      ' "source": d.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID}))',
    ].join('\n');
    const printed = askProgram(PYTHON, ['-c', script], result.bytes);
    if (printed === null || /No module named/.test(printed.text))
      skip('segmentations through pydicom', 'pydicom is not installed');
    const read = JSON.parse(printed.text) as {
      shape: number[];
      pixels: string;
      segments: unknown[];
      frames: number[];
      source: string;
    };
    assert.equal(read.shape, [2, rows, columns]);
    assert.equal(read.segments, [
      [1, '3341006', 'AUTOMATIC'],
      [2, '44029006', 'AUTOMATIC'],
    ]);
    assert.equal(read.frames, [1, 2]);
    assert.is(read.source, subject.source.identifiers.sopInstanceUID);
    const pixels = Buffer.from(read.pixels, 'base64');
    [masks.right, masks.left].forEach((mask, i) => {
      const got = pixels.subarray(i * rows * columns, (i + 1) * rows * columns);
      if (rows === 128) assert.ok(got.equals(mask), 'of the same size nothing changes');
      assert.ok(dice(got, nearest(mask, rows, columns)) > 0.98, `${rows} × ${columns}`);
    });
  }
});

/** The mask by another rule: the cell in which a pixel's centre lies. */
function nearest(mask: Uint8Array, rows: number, columns: number): Uint8Array {
  const cell = (at: number, of: number) => Math.floor(((at + 0.5) * 128) / of);
  return Uint8Array.from(
    { length: rows * columns },
    (_, i) => mask[cell(Math.floor(i / columns), rows) * 128 + cell(i % columns, columns)]!,
  );
}

function dice(a: Uint8Array, b: Uint8Array): number {
  const sum = (values: Uint8Array) => values.reduce((total, value) => total + value, 0);
  return (2 * sum(a.map((value, i) => value & b[i]!))) / (sum(a) + sum(b));
}

test('refuses a mask that is not as large as it says', () => {
  assert.throws(() => resample(new Uint8Array(10), 128, 5, 5), /side × side/);
});

test('shows the map with its text beneath, no side longer than 1024, for any shape of the picture', async () => {
  for (const [rows, columns] of [
    [120, 100],
    [3000, 500],
    [40, 2000],
    [1, 1],
  ] as const) {
    const heatMap = { rows, columns, rgb: new Uint8Array(rows * columns * 3).fill(80) };
    const result = of(
      'SC',
      buildResultInstances(await testSubject(testFilm({ seed: 13 }).bytes), { lungs: null, heatMap }),
    );
    const instance = await readBack(result);
    const size = describeInstance(instance);
    assert.ok(
      size.rows! <= 1024 && size.columns! <= 1024 && size.columns! >= 900,
      `${size.rows} × ${size.columns}`,
    );
    const pixels = result.bytes.subarray(findElement(instance.elements, 0x7fe00010)!.valueOffset);
    const rowsWith = (colour: readonly number[]) =>
      Array.from({ length: size.rows! }, (_, row) => row).filter((row) => {
        for (let x = 0; x < size.columns!; x += 1)
          if (colour.every((value, i) => pixels[(row * size.columns! + x) * 3 + i] === value)) return true;
        return false;
      });
    const picture = rowsWith([80, 80, 80]);
    const warning = rowsWith([255, 196, 0]);
    const words = rowsWith([230, 230, 230]);
    assert.is(warning.length, 21, 'one line of letters seven pixels high, three times as large');
    assert.ok(
      picture.at(-1)! < warning[0]! && warning.at(-1)! < words[0]!,
      'the picture, then the warning, then the words',
    );
  }
});

test('is read by dcmdump as a colour capture without anybody’s name burned in', async () => {
  const result = of('SC', buildResultInstances(await testSubject(testFilm({ seed: 14 }).bytes), testMaps()));
  const said = ['=SecondaryCaptureImageStorage', '[RGB]', '[WSD]', 'BurnedInAnnotation', '[NO]'];
  prints(result.bytes, ['dcmdump'], [...said, '[DERIVED\\SECONDARY]']);
});

test.run();
