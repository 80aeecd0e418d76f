import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { idOf, recordedFinding, recordedResult } from '../testing/recorded-answers.ts';
import { valuesOf } from '../testing/values-of.ts';
import { newestOfModelsSchema } from './newest-of-models.ts';

test('a study leads to the newest result of each model that has looked at it, and says how many there are', () => {
  const lungs = { model: { ...recordedFinding().model, id: 'lung-fields' } };
  const results = [recordedResult(1), recordedResult(2), recordedResult(3, {}, lungs), recordedResult(4)];
  assert.equal(valuesOf(newestOfModelsSchema.parse({ results, next: null }), 'id', 'of', 'hasMore'), [
    [idOf(1), 3, false],
    [idOf(3), 1, false],
  ]);
  assert.ok(newestOfModelsSchema.parse({ results, next: '7~x' })[1]?.hasMore);
  assert.equal(newestOfModelsSchema.parse({ results: [], next: null }), []);
});

test.run();
