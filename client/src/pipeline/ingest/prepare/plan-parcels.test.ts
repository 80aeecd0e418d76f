import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { InstanceDescription } from '#shared/dicom/describe-instance.ts';
import { parseUid } from '#shared/dicom/uid.ts';
import { createGathering, type StudyGroup } from '../found/group-studies.ts';
import { planBatches as batchesOf, planParcels as parcelsOf } from './plan-parcels.ts';
import { valuesOf } from '../../../testing/values-of.ts';

const MIB = 1024 * 1024;
const everything = () => true;
const planBatches = (...of: Parameters<typeof batchesOf>) => [...batchesOf(...of)];
const planParcels = (...of: Parameters<typeof parcelsOf>) => [...parcelsOf(...of)];

/** A study of series, each of files of these sizes; a UID may be given twice. */
function studyOf(
  series: readonly (readonly { readonly bytes: number; readonly uid?: string }[])[],
  patient = 'P',
  study = '1.2',
): StudyGroup {
  const gathering = createGathering(() => 'one');
  addTo(gathering, series, patient, study);
  return gathering.studies.get(study)!;
}

let ordinal = 0;
function addTo(
  gathering: ReturnType<typeof createGathering>,
  series: readonly (readonly { readonly bytes: number; readonly uid?: string }[])[],
  patient: string,
  study: string,
): void {
  for (const [at, files] of series.entries()) {
    for (const { bytes, uid } of files) {
      const identifiers = {
        studyInstanceUID: parseUid('StudyInstanceUID', study),
        seriesInstanceUID: parseUid('SeriesInstanceUID', `${study}.${at}`),
        sopInstanceUID: parseUid('SOPInstanceUID', uid ?? `${study}.${at}.${ordinal}`),
        sopClassUID: parseUid('SOPClassUID', '1.2.840.10008.5.1.4.1.1.2'),
      };
      const summary: Parameters<typeof gathering.add>[0] = {
        kind: 'summary',
        identifiers,
        description: { patientId: patient, patientName: null, modality: 'CT' } as InstanceDescription,
        held: [],
        warnings: [],
        named: [],
        patients: [],
      };
      const file = {
        kind: 'file' as const,
        path: 'x',
        bytes,
        ref: { kind: 'file' as const, file: new Blob() },
        inFolder: false,
      };
      gathering.add(summary, file, ordinal);
      ordinal += 1;
    }
  }
}

const many = (count: number, bytes: number) => Array.from({ length: count }, () => ({ bytes }));
const sizes = (chunks: readonly (readonly { readonly file: { readonly bytes: number } }[])[]) =>
  chunks.map((chunk) => chunk.reduce((sum, { file }) => sum + file.bytes, 0));

test('the first parcels are small, so that the wire is busy at once, then they are 16 MiB, and at the end nobody waits long for the last one', () => {
  const parcels = planParcels(studyOf([many(188, MIB / 2)]), everything);
  assert.equal(
    sizes(parcels),
    [2, 4, 8, 16, 16, 12, 9, 6.5, 5, 3.5, 3, 2, 2, 2, 2, 1].map((size) => size * MIB),
  );
});

test('a large instance travels alone, thousands of small ones are not one transaction', () => {
  assert.equal(
    sizes(planParcels(studyOf([[{ bytes: 1 }, { bytes: 900 * MIB }, { bytes: 1 }]]), everything)),
    [1, 900 * MIB, 1],
  );
  assert.equal(valuesOf(planParcels(studyOf([many(1_200, 10)]), everything), 'length'), [500, 500, 200]);
});

test('a parcel holds one series, in the order of the files, and only the wanted instances', () => {
  const study = studyOf([many(3, 10), many(2, 10)]);
  const all = planParcels(study, everything);
  assert.equal(valuesOf(all, 'length'), [3, 2]);
  const [first] = all[0]!;
  const others = planParcels(study, ({ ordinal }) => ordinal !== first!.ordinal);
  assert.equal(valuesOf(others, 'length'), [2, 2]);
});

test('files that claim one UID are named and packed together, wherever they stood', () => {
  const study = studyOf([
    [{ bytes: 10 * MIB, uid: '1.9' }, ...many(3, 10 * MIB), { bytes: 10 * MIB, uid: '1.9' }],
  ]);
  for (const chunks of [planBatches(study), planParcels(study, everything)]) {
    assert.ok(
      chunks.some((chunk) => chunk.filter(({ sopInstanceUID }) => sopInstanceUID === '1.9').length === 2),
    );
    assert.is(chunks.flat().length, 5);
  }
});

test('ten thousand studies of two patients are pointed out on each, and no longer when one patient is left', () => {
  const gathering = createGathering(() => 'one');
  for (let at = 0; at < 10_000; at += 1) addTo(gathering, [[{ bytes: 1 }]], 'P', `1.3.${at}`);
  const warned = () =>
    [...gathering.studies.values()].filter(({ warnings }) => warnings.has('two-patients')).length;
  assert.is(warned(), 0);
  addTo(gathering, [[{ bytes: 1 }]], 'Q', '1.4.1');
  assert.is(warned(), 10_001);
  gathering.remove('1.4.1');
  assert.is(warned(), 0);
});

test.run();
