import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Finding } from '../protocol/inference.ts';
import { cautionsOf } from './cautions.ts';

const test = suite('cautions about a finding');
const DIGEST = 'a'.repeat(64);

function findingOf(id: string, some: Partial<Finding> = {}): Finding {
  return {
    model: { id, version: '1.0.0', digest: DIGEST, runtime: 'none' },
    input: { digest: DIGEST, kind: 'dicom', rows: 96, columns: 80, frame: 0 },
    image: { kind: 'CXR', probability: 0.97 },
    population: 'inside',
    film: [],
    probabilities: [{ name: 'normal', probability: 0.9 }],
    score: 0.1,
    threshold: 0.2,
    positive: false,
    lungs: null,
    camPeak: null,
    explanations: [],
    completeness: null,
    rationale: [],
    limits: [],
    warnings: [],
    intendedUse: '',
    ...some,
  };
}

const SILENT = { probabilities: null, score: null, threshold: null, positive: null } as const;
const said = (finding: Finding): string =>
  cautionsOf(finding)
    .map(({ title, what }) => `${title}. ${what}`)
    .join('\n');

test('nothing where the model answers about the images it was made for', () => {
  assert.is(said(findingOf('pneumonia')), '');
  const kinds = { score: null, positive: null, image: { kind: 'Hand', probability: 0.97 } } as const;
  assert.is(
    said(findingOf('image-kind', { ...kinds, warnings: ['not-a-chest-film'] })),
    '',
    'a hand is news',
  );
});

test('a population names its model, and what follows from it', () => {
  assert.match(
    said(findingOf('pneumonia', { ...SILENT, population: 'outside', warnings: ['outside-population'] })),
    /^pneumonia 1\.0\.0 was not made for this patient group or image\. .*so it gives no score\.$/,
  );
  assert.match(
    said(findingOf('image-kind', { score: null, population: 'outside' })),
    /^image-kind 1\.0\.0 was not made for this patient group or image\. .*so its answer may be wrong\.$/,
  );
  assert.match(said(findingOf('pneumonia', { population: 'unknown' })), /not known whether pneumonia 1/);
});

test('a model that is silent says why, and never without a reason', () => {
  const gated: Partial<Finding> = { ...SILENT, warnings: ['not-a-chest-film'] };
  const unsure = findingOf('pneumonia', { ...gated, image: { kind: 'CXR', probability: 0.4 } });
  assert.match(said(unsure), /^Possibly not a chest film\. pneumonia 1\.0\.0 .* gives no score\.$/);
  const hand = findingOf('pneumonia', { ...gated, image: { kind: 'Hand', probability: 0.97 } });
  assert.match(said(hand), /^Not a chest film\. pneumonia 1\.0\.0 .* gives no score\.$/);
  const turned = said({ ...hand, film: ['inverted'] });
  assert.match(turned, /^Rotated or inverted film\. .*\nThe film seems inverted/);
  assert.not.match(turned, 'Not a chest film', 'it is one');
  assert.match(
    said(findingOf('lung-fields', { ...SILENT, warnings: ['lung-fields-not-available'] })),
    /^The lungs are not marked\. The model lung-fields was not available\.$/,
  );
  assert.match(said(findingOf('pneumonia', SILENT)), /^Not scored\. /);
});

test.run();
