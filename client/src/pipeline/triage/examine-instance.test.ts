/** What the device says of an instance whose frame it cannot draw. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadCodecs } from '#shared/pixels/load-codecs.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { createExaminer } from './examine-instance.ts';

const noModel = (): never => {
  throw new Error('no model is asked');
};
const examine = createExaminer({ run: () => noModel, runtime: 'a runtime', codecs: loadCodecs(), now: () => 0 });
const fileOf = (bytes: Uint8Array<ArrayBuffer>) => ({ kind: 'file' as const, file: new File([bytes], 'a film') });

test('a film that cannot be drawn here is an adult’s all the same', async () => {
  const { bytes } = syntheticStudy({ seed: 1, modality: 'CR', instancesPerSeries: 1 }).instances[0]!;
  const strange = Uint8Array.from(bytes);
  // Bits Allocated 12, as in ACR-NEMA.
  strange[Buffer.from(bytes).indexOf(Buffer.from([0x28, 0, 0x00, 0x01])) + 8] = 12;
  const { triage } = await examine(fileOf(strange));
  assert.equal([triage.population, triage.score, triage.models], ['outside', null, []]);
});

test('where nothing can be read nobody has looked', async () => {
  const { triage } = await examine(fileOf(new TextEncoder().encode('no DICOM')));
  assert.equal([triage.runtime, triage.population], ['none', 'unknown']);
});

test.run();
