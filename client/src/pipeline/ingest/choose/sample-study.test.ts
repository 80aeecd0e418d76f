/** The first visitor has something to send that is nobody. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { blobSource } from '#shared/dicom/byte-source.ts';
import { describeInstance } from '#shared/dicom/describe-instance.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { sampleStudyFiles } from './sample-study.ts';

test('the sample is one study of two series, without a single warning, and the same each time', async () => {
  const files = sampleStudyFiles();
  const studies = new Set<string>();
  const series = new Set<string>();
  const instances = new Set<string>();
  for (const file of [...files, ...sampleStudyFiles()]) {
    const outcome = await readInstance(blobSource(file));
    assert.is(outcome.kind, 'ready');
    if (outcome.kind !== 'ready') continue;
    assert.equal(outcome.instance.warnings, []);
    assert.is(describeInstance(outcome.instance).patientName, 'Sample^Study');
    studies.add(outcome.instance.identifiers.studyInstanceUID);
    series.add(outcome.instance.identifiers.seriesInstanceUID);
    instances.add(outcome.instance.identifiers.sopInstanceUID);
  }
  assert.equal([studies.size, series.size, instances.size], [1, 2, files.length]);
});

test.run();
