/** A study described ahead of its instances: enough for a rule, and nothing that names anybody. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { describedSchema } from '../protocol/rule.ts';
import { describeStudy, joinDescribed } from './describe-study.ts';

const said = {
  modalities: ['CT', 'CT', 'DOE^JANE', ''],
  bodyParts: ['CHEST', 'DOE'],
  descriptions: ['CT Thorax for Jane Doe', 'x'.repeat(65)],
};

test('where names are kept, what the file says', () => {
  assert.equal(describeStudy(said, false), {
    modalities: ['CT', 'DOE^JANE'],
    bodyParts: ['CHEST', 'DOE'],
    descriptions: ['CT Thorax for Jane Doe'],
  });
});

test('where names are removed, codes of the standard alone', () => {
  assert.equal(describeStudy(said, true), { modalities: ['CT'], bodyParts: ['CHEST'], descriptions: [] });
});

test('however much is said, a manifest takes it', () => {
  const many = Array.from({ length: 100 }, (_, n) => `${n}`);
  const described = describeStudy({ modalities: many, bodyParts: many, descriptions: many }, false);
  const others = describeStudy({ modalities: ['X'], bodyParts: [], descriptions: ['Y'] }, false);
  const joined = joinDescribed([described, others]).described;
  assert.ok(describedSchema.safeParse(joined).success);
  assert.not.ok(describedSchema.safeParse({ ...joined, modalities: many }).success);
});

test.run();
