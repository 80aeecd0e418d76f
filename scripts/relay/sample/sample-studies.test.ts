/** The studies of `relay sample`: whole, the same each time, visibly invented, and pictures instead of noise. */
import { createHash } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { describeInstance } from '#shared/dicom/describe-instance.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { SAMPLE_PATIENT_PREFIX } from '#shared/protocol/sample.ts';
import { skip } from '#testing/environment.ts';
import { seen } from '#testing/sample-image.ts';
import { askProgram } from '../../../gateway/src/testing/open-subject.ts';
import { filesOf, SAMPLE_KINDS, sampleStudies, type SampleStudy } from './sample-studies.ts';

/** A study of each kind. */
const FEW = SAMPLE_KINDS.map((kind) => sampleStudies(8).find((study) => study.kind === kind)!);

const digestsOf = (study: SampleStudy): string[] =>
  filesOf(study).map((bytes) => createHash('sha256').update(bytes).digest('hex'));

test('are the same each time, and no two alike', () => {
  const first = FEW.map(digestsOf);
  assert.equal(FEW.map(digestsOf), first);
  const all = first.flat();
  assert.is(new Set(all).size, all.length);
  const studies = sampleStudies(30);
  assert.is(new Set(studies.map(({ studyInstanceUID }) => studyInstanceUID)).size, 30);
  const patients = [...Map.groupBy(studies, ({ patient }) => patient).values()];
  assert.ok(patients.length < 30, 'some patients have two');
  for (const own of patients) assert.is(new Set(own.map(({ isDeidentified }) => isDeidentified)).size, 1);
});

test('are of patients whose names and numbers say that there are none, without a warning', async () => {
  for (const study of FEW)
    for (const file of filesOf(study)) {
      const outcome = await readInstance(bytesSource(file));
      if (outcome.kind !== 'ready') throw assert.unreachable(outcome.because);
      assert.equal(outcome.instance.warnings, []);
      const { patientName, patientId } = describeInstance(outcome.instance);
      assert.match(patientName ?? '', /^SAMPLE\^/);
      assert.ok(patientId?.startsWith(SAMPLE_PATIENT_PREFIX));
      assert.is(outcome.instance.identifiers.studyInstanceUID, study.studyInstanceUID);
    }
});

test('have no fault that dciodvfy finds', () => {
  for (const study of FEW) {
    const said = askProgram('dciodvfy', [], filesOf(study).at(-1)!);
    if (said === null) skip('sample studies through dciodvfy', 'dicom3tools is not installed');
    assert.equal(
      said.text.split('\n').filter((line) => /\bError\b/.test(line)),
      [],
      study.kind,
    );
  }
});

test('show pictures: neighbours are far more alike than pixels that have nothing to do with each other', async () => {
  for (const study of FEW) {
    const values = await seen(filesOf(study)[0]!);
    let near = 0;
    let far = 0;
    for (let at = 0; at + 10_007 < values.length; at += 3) {
      near += Math.abs(values[at]! - values[at + 1]!);
      far += Math.abs(values[at]! - values[at + 10_007]!);
    }
    assert.ok(near * 2 < far, `${study.kind}: ${Math.round(near)} of ${Math.round(far)}`);
  }
});

test.run();
