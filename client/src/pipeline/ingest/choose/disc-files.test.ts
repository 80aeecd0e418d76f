/** The files of a disc that are missing: names as discs and systems write them, and no false alarm. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DiscIndex } from '#shared/dicom/dicomdir.ts';
import { RECORD_LIMIT } from '#shared/dicom/limits.ts';
import { createDiscFiles, isInDoubt } from './disc-files.ts';
import { assertEach } from '../../../testing/assert-each.ts';

function indexOf(...fileIds: readonly string[]): DiscIndex {
  const files = fileIds.map((fileId, nth) => ({ fileId, sopInstanceUID: `2.25.${nth}` }));
  const study = { studyInstanceUID: '2.25.9', description: {} as never, modalities: [], files };
  return { kind: 'index', studies: [study], others: [], faults: [] };
}

function missingFrom(paths: readonly string[], at: string, index: DiscIndex, found: readonly string[] = []) {
  const disc = createDiscFiles();
  for (const path of paths) disc.notePath(path);
  disc.noteIndex(at, index);
  return disc.missing((uid) => found.includes(uid)).map(({ path }) => path);
}

test('a file is there in any case, with a version, with the dot of ISO 9660, behind backslashes', () => {
  const index = indexOf(
    'DICOM/ST1/IM01',
    'DICOM/ST1/IM02',
    'DICOM/ST1/IM03',
    'DICOM/ST1/IM04.DCM',
    'DICOM/ST1/IM05',
  );
  const paths = [
    'cd/dicom/st1/im01',
    'cd/DICOM/ST1/IM02;1',
    'cd/DICOM/ST1/IM03.;1',
    'cd\\DICOM\\ST1\\im04.dcm;12',
  ];
  assert.equal(missingFrom(paths, 'cd/DICOMDIR', index), ['DICOM/ST1/IM05']);
});

test('a program that copies discs may add an extension, and a file that the index names so is another one', () => {
  for (const added of ['IM01.DCM', 'im01.dcm', 'IM01.dcm;1', 'im01.DCM.', 'IM01.DCM.;1'])
    assert.equal(missingFrom([`cd/ST1/${added}`], 'cd/DICOMDIR', indexOf('ST1/IM01')), [], added);
  assert.equal(missingFrom(['cd/A.DCM'], 'cd/DICOMDIR', indexOf('A', 'A.DCM')), ['A']);
  assert.equal(missingFrom(['cd/A.TXT', 'cd/.DCM'], 'cd/DICOMDIR', indexOf('A')), ['A']);
});

test('a file of that name in another folder is not the one', () => {
  assert.equal(missingFrom(['cd/ST2/IM01', 'dvd/ST1/IM01'], 'cd/DICOMDIR', indexOf('ST1/IM01')), [
    'ST1/IM01',
  ]);
});

test('an instance that was found under another name is not missing, nor is a file chosen without its folders', () => {
  assert.equal(missingFrom([], 'DICOMDIR', indexOf('ST1/IM01', 'ST1/IM02'), ['2.25.1']), ['ST1/IM01']);
  assert.equal(missingFrom(['IM01'], 'DICOMDIR', indexOf('ST1/IM01', 'ST1/IM02')), ['ST1/IM02']);
  const twice = indexOf('ST1/IM01', 'ST2/IM01');
  assert.equal(missingFrom(['IM01'], 'DICOMDIR', twice, ['2.25.0']), ['ST2/IM01'], 'one name, two files');
});

test('a file that several records name is missing once, and a damaged index names none', () => {
  assert.equal(missingFrom([], 'DICOMDIR', indexOf('A', 'A', 'a')), ['A']);
  assert.equal(missingFrom([], 'DICOMDIR', { kind: 'damaged', because: 'truncated' }), []);
});

test('all indexes of a choice share one budget of records, and one that exceeds it is said', () => {
  const half = indexOf(...Array.from({ length: RECORD_LIMIT / 2 }, (_, nth) => `IM${nth}`));
  const disc = createDiscFiles();
  for (const folder of ['a', 'b', 'c']) disc.noteIndex(`${folder}/DICOMDIR`, half);
  disc.noteIndex('d/DICOMDIR', indexOf('IM1'));
  assertEach(disc.indexes, (index) => [index.kind === 'index' && index.studies.length, isInDoubt(index)], [
    [1, false],
    [0, true],
    [0, true],
    [1, false],
  ]);
});

test.run();
