import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { wrongFirst } from './order-findings.ts';
import { valuesOf } from '../testing/values-of.ts';

const test = suite('findings of a destination');

test('come with those that fail first, and without those that are well', () => {
  const findings = [
    { code: 'dimse-clear', result: 'warn' },
    { code: 'echoes', result: 'ok' },
    { code: 'find-refused', result: 'fail' },
    { code: 'skipped', result: 'skipped' },
    { code: 'commitment-missing', result: 'fail' },
  ] as const;
  assert.equal(valuesOf(wrongFirst(findings), 'code'), ['find-refused', 'commitment-missing', 'dimse-clear']);
});

test.run();
