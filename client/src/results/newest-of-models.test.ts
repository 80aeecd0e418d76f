import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { idOf, recordedFinding, recordedResult } from '../testing/recorded-answers.ts';
import { newestOfModelsSchema } from './newest-of-models.ts';

test('a study leads to the newest result of each model that has looked at it', () => {
  const lungs = { model: { ...recordedFinding().model, id: 'lung-fields' } };
  const results = [recordedResult(1), recordedResult(2), recordedResult(3, {}, lungs), recordedResult(4)];
  assert.equal(
    newestOfModelsSchema.parse({ results, next: null }).map(({ id }) => id),
    [idOf(1), idOf(3)],
  );
  assert.equal(newestOfModelsSchema.parse({ results: [], next: null }), []);
});

test.run();
