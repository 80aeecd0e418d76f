import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { wrongFirst } from './order-findings.ts';

const test = suite('what a test of a destination found');

test('the findings that fail come before warnings, and those that are well are left out', () => {
  const findings = [
    { code: 'dimse-clear', result: 'warn' },
    { code: 'echoes', result: 'ok' },
    { code: 'find-refused', result: 'fail' },
    { code: 'skipped', result: 'skipped' },
    { code: 'commitment-missing', result: 'fail' },
  ] as const;
  assert.equal(
    wrongFirst(findings).map(({ code }) => code),
    ['find-refused', 'commitment-missing', 'dimse-clear'],
  );
});

test.run();
