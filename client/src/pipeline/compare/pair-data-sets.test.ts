/**
 * The comparison shows what was really done: every planted value appears before and none after, and each
 * change has its reason.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildInstance, type SimpleElement } from '#shared/dicom/build-instance.ts';
import { IMPLICIT_VR_LITTLE_ENDIAN, SOP_CLASSES } from '#shared/dicom/registry.ts';
import { parseUid } from '#shared/dicom/uid.ts';
import { parsed, pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { sampleImage } from '#testing/sample-image.ts';
import type { DevicePolicy } from '#shared/ingest/ingest-file.ts';
import { compareInstance } from './compare-instance.ts';
import type { ComparedRow, ShownValue } from './comparison.ts';
import { pairDataSets } from './pair-data-sets.ts';
import { valuesOf } from '../../testing/values-of.ts';

const deidentified = async (...options: string[]): Promise<DevicePolicy> => ({
  kind: 'deidentified',
  rules: rulesOf(...options),
  pseudonyms: await pseudonymsOf(1),
});

function instanceOf(...elements: SimpleElement[]): Blob {
  const identifiers = {
    studyInstanceUID: parseUid('StudyInstanceUID', '1.2.3.777.1'),
    seriesInstanceUID: parseUid('SeriesInstanceUID', '1.2.3.777.2'),
    sopInstanceUID: parseUid('SOPInstanceUID', '1.2.3.777.3'),
    sopClassUID: SOP_CLASSES.CT,
  };
  const image = { rows: 4, columns: 4, bitsAllocated: 16 as const, pixels: new Uint8Array(32).fill(5) };
  const own: SimpleElement[] = [
    [0x00080060, 'CS', 'CT'],
    [0x00100010, 'PN', 'Doe^Jane'],
    [0x00100020, 'LO', 'PAT-1'],
    ...elements,
  ];
  const transferSyntaxUID = IMPLICIT_VR_LITTLE_ENDIAN;
  const parts = buildInstance({ identifiers, transferSyntaxUID, elements: own, image });
  return new Blob(parts as Uint8Array<ArrayBuffer>[]);
}

async function rowsOf(file: Blob, policy: DevicePolicy, released = false): Promise<readonly ComparedRow[]> {
  const compared = await compareInstance(file, { policy, looked: released ? ['pixels'] : [] });
  if (compared.kind !== 'compared') throw new Error(compared.because);
  return compared.rows;
}

const at = (rows: readonly ComparedRow[], path: string): ComparedRow => {
  const row = rows.find((each) => each.path === path);
  if (!row) throw new Error(`no row ${path}`);
  return row;
};
const textOf = (value: ShownValue | null): string | null => (value?.kind === 'text' ? value.text : null);

test('every planted value is shown before, and none of them after', async () => {
  const study = syntheticStudy({ seed: 1 });
  const rows = await rowsOf(new Blob([study.instances[0]!.bytes]), await deidentified());
  const before = rows.map(({ before: value }) => textOf(value) ?? '').join('\n');
  const after = rows.map(({ after: value }) => textOf(value) ?? '').join('\n');
  const texts = study.planted.filter((value) => !/Private(Bytes|Unknown)/.test(value));
  for (const planted of texts) {
    assert.ok(before.includes(planted), `${planted} before`);
    assert.not.ok(after.includes(planted), `${planted} after`);
  }
});

test('each change is named by what it is, with its reason, its group and its row of the table', async () => {
  const rows = await rowsOf(
    instanceOf(
      [0x00080020, 'DA', '20240229'],
      [0x00080090, 'PN', 'Who^Dr'],
      [0x00081030, 'LO', 'of Jane'],
      [0x00180015, 'CS', 'CHEST'],
      [0x00291010, 'LO', 'x'],
      [0x00200010, 'SH', '77'],
    ),
    await deidentified('retain-longitudinal-modified-dates'),
  );
  const said = (path: string) => {
    const { keyword, change, because, group, profile } = at(rows, path);
    return [keyword, change, because, group, profile];
  };
  assert.equal(said('0010,0010'), ['PatientName', 'replaced', 'pseudonym', 'identity', 'Z']);
  assert.equal(said('0008,0020'), ['StudyDate', 'date-moved', 'option', 'dates', 'Z']);
  assert.equal(said('0008,0090'), ['ReferringPhysicianName', 'emptied', 'profile', 'identity', 'Z']);
  assert.equal(said('0008,1030'), ['StudyDescription', 'removed', 'profile', 'text', 'X']);
  assert.equal(said('0020,000d'), ['StudyInstanceUID', 'new-uid', 'profile', 'uids', 'U']);
  assert.equal(said('0029,1010'), [null, 'removed', 'private', 'private', null]);
  assert.equal(said('0012,0062'), ['PatientIdentityRemoved', 'added', 'marker', 'method', null]);
  assert.equal(said('0018,0015'), ['BodyPartExamined', 'kept', 'not-needed', 'text', null]);
  const pixels = at(rows, '7fe0,0010');
  assert.equal([pixels.before, pixels.change], [{ kind: 'binary', bytes: 32 }, 'kept']);
  assert.equal(at(rows, '0008,1030').after, null);
  assert.equal(at(rows, '0008,0090').after, { kind: 'text', text: '', characters: 0 });
});

const referenceTo = (uid: string): SimpleElement[] => [
  [0x00081150, 'UI', SOP_CLASSES.CT],
  [0x00081155, 'UI', uid],
];

test('the elements of an item are listed under it; elements removed with their sequence say so under the same heading', async () => {
  const rows = await rowsOf(
    instanceOf(
      [0x00081140, 'SQ', referenceTo('1.2.3.4.5'), referenceTo('1.2.3.4.6')],
      [
        0x00400275,
        'SQ',
        [
          [0x00321060, 'LO', 'by Jane'],
          [0x00400008, 'SQ', [[0x00080100, 'SH', 'T-1']]],
        ],
      ],
    ),
    await deidentified(),
  );
  const inside = rows.filter(({ path }) => path.startsWith('0008,1140'));
  assert.equal(valuesOf(inside, 'path', 'depth', 'change', 'group'), [
    ['0008,1140', 0, 'inside', 'uids'],
    ['0008,1140[1]', 1, 'inside', 'uids'],
    ['0008,1140[1]>0008,1150', 2, 'kept', 'uids'],
    ['0008,1140[1]>0008,1155', 2, 'new-uid', 'uids'],
    ['0008,1140[2]', 1, 'inside', 'uids'],
    ['0008,1140[2]>0008,1150', 2, 'kept', 'uids'],
    ['0008,1140[2]>0008,1155', 2, 'new-uid', 'uids'],
  ]);
  const gone = rows.filter(({ path }) => path.startsWith('0040,0275'));
  assert.equal(
    valuesOf(gone, 'change', 'because', 'group', 'after'),
    gone.map((_, place) => ['removed', place === 0 ? 'profile' : 'around', 'text', null]),
  );
  assert.equal(valuesOf(gone, 'depth'), [0, 1, 1, 2], 'the only item of a sequence has no row of its own');
});

test('values are read in the character set of their data set or item, numbers and tags as such, and long ones are cut', async () => {
  const rows = await rowsOf(
    instanceOf(
      [0x00080005, 'CS', 'ISO_IR 192'],
      [0x00081030, 'LO', 'Müller 山田'],
      [0x00280009, 'AT', new Uint8Array([0x18, 0, 0x63, 0x10])],
      [0x00280106, 'US', 7],
      [0x00204000, 'LT', 'a'.repeat(5_000)],
      [0x00282000, 'OB', new Uint8Array(70_000)],
    ),
    { kind: 'identified' },
  );
  assert.equal(at(rows, '0008,1030').before, { kind: 'text', text: 'Müller 山田', characters: 9 });
  assert.is(textOf(at(rows, '0028,0009').before), '(0018,1063)');
  assert.is(textOf(at(rows, '0028,0106').before), '7');
  assert.equal(at(rows, '0020,4000').before, { kind: 'text', text: 'a'.repeat(2_000), characters: 5_000 });
  assert.equal(at(rows, '0028,2000').before, { kind: 'binary', bytes: 70_000 });
});

test('under the policy that keeps names nothing is changed, and every row says so', async () => {
  const rows = await rowsOf(new Blob([syntheticStudy({ seed: 2 }).instances[0]!.bytes]), {
    kind: 'identified',
  });
  assert.ok(rows.length > 50);
  assert.ok(rows.every(({ change, item }) => change === 'kept' || item !== null));
  assert.equal(new Set(rows.map(({ because }) => because)), new Set(['identified']));
});

test('pixel data that loses unseen bytes is shown as changed, although it is as long as before', async () => {
  const file = sampleImage({ rows: 300, columns: 300, bitsAllocated: 16, bitsStored: 12 }, { overlay: true });
  const rows = await rowsOf(new Blob([new Uint8Array(file)]), await deidentified());
  const { change, because, group } = at(rows, '7fe0,0010');
  assert.equal([change, because, group], ['bytes-cleared', 'unseen-bytes', 'pictures']);
});

test('an instance that the policy cannot make safe is answered with the reason; once released it is compared, marked as released', async () => {
  const file = instanceOf([0x00280301, 'CS', 'YES']);
  assert.equal(await compareInstance(file, { policy: await deidentified() }), {
    kind: 'quarantined',
    because: 'burned-in-annotation',
  });
  const { before, after, ...row } = at(await rowsOf(file, await deidentified(), true), '0028,0301');
  assert.equal([textOf(before), textOf(after)], ['YES', 'NO']);
  assert.equal([row.change, row.because, row.group], ['replaced', 'released', 'pictures']);
});

test('beyond the limit elements are counted, kept and changed apart, and none is forgotten', async () => {
  const before = await parsed(new Uint8Array(await instanceOf().arrayBuffer()));
  const keywords = new Map<number, string>();
  const { rows: all, notShown: none } = pairDataSets({ before, after: before, report: null, keywords });
  assert.equal(none, { changed: 0, kept: 0 });
  const exactly = pairDataSets({ before, after: before, report: null, keywords, limit: all.length });
  assert.equal([exactly.rows.length, exactly.notShown], [all.length, { changed: 0, kept: 0 }]);
  const fewer = pairDataSets({
    before,
    after: { ...before, elements: before.elements.slice(0, -1) },
    report: [],
    keywords,
    limit: all.length - 3,
  });
  assert.equal([fewer.rows.length, fewer.notShown], [all.length - 3, { changed: 1, kept: 2 }]);
});

test('a tag that stands twice and one that stands out of order are paired without losing either', async () => {
  const before = await parsed(syntheticStudy({ seed: 3 }).instances[0]!.bytes);
  const [first, ...rest] = before.elements;
  const doubled = { ...before, elements: [...rest, first!, first!] };
  const { rows } = pairDataSets({ before: doubled, after: before, report: [], keywords: new Map() });
  const twice = rows.filter(({ tag }) => tag === first!.tag);
  assert.equal(valuesOf(twice, 'change').sort(), ['kept', 'removed']);
  assert.is(rows.filter(({ change }) => change !== 'kept').length, 1);
});

test.run();
