import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { uploadsOf, type AddedRow } from './added.store.ts';

const row = (revision: number, about: Partial<AddedRow>): AddedRow => ({
  ...{ study_id: 's', revision, is_alone: true, upload_id: 'u', receipts: [], is_marks: false, model: null },
  ...about,
});
const REPORT = { model: 'pneumonia 1.0.0' };

test('an upload is told as what it brought, together or more than once', () => {
  const both = uploadsOf([row(1, REPORT), row(1, { is_marks: true })]);
  assert.equal(both.get('u'), { marks: true, models: ['pneumonia 1.0.0'] });
  assert.equal(uploadsOf([row(1, REPORT), row(2, REPORT)]).get('u'), {
    marks: false,
    models: ['pneumonia 1.0.0'],
  });
});

test('marks that came after a report are not told of the hour of the report', () => {
  const told = uploadsOf([row(1, REPORT), row(2, { is_marks: true }), row(2, { upload_id: 'v', ...REPORT })]);
  assert.equal(told.get('u'), { marks: false, models: [] });
  assert.equal(told.get('v'), { marks: false, models: ['pneumonia 1.0.0'] });
  assert.is(uploadsOf([row(1, { upload_id: null })]).size, 0);
});

test.run();
