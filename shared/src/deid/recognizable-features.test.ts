import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { InstanceDescription } from '../dicom/describe-instance.ts';
import { mayShowFace } from './recognizable-features.ts';

const shows = (
  modality: string | null,
  bodyPart: string | null,
  studyDescription: string | null = null,
): boolean =>
  mayShowFace({ modality, bodyPart, studyDescription, seriesDescription: null } as InstanceDescription);

test('CT and MR of the head may show a face, judged by the body part or, without one, by the description', () => {
  for (const part of ['HEAD', 'BRAIN', 'SKULL', 'HEADNECK', 'Schaedel/Kopf'.slice(9), 'FACE', 'SINUS'])
    assert.ok(shows('CT', part), part);
  for (const said of ['MR Brain w/o contrast', 'Schädel nativ', 'NEURO^HEAD', 'angio_orbits'])
    assert.ok(shows('MR', null, said), said);
});

test('no other kind of instance counts as showing a face', () => {
  assert.not.ok(shows('CT', 'CHEST', 'compare head'));
  assert.not.ok(shows('CR', 'SKULL'));
  assert.not.ok(shows(null, 'HEAD'));
  assert.not.ok(shows('CT', null, 'CT Abdomen'));
  assert.not.ok(shows('MR', null, 'femur ahead of surgery'));
});

test.run();
