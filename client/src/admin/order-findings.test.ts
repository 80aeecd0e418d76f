import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lookOf, wrongFirst } from './order-findings.ts';
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

const LOOKED = { ...{ refused: null, unlisted: null }, ...{ settings: null, verdict: null, findings: [] } };

test('a warning is no success: green stands only where there is nothing to look at', () => {
  const openToAll = {
    ...{ code: 'open-to-all', result: 'warn' as const },
    ...{ title: '', says: 'The PACS answers everyone.', change: ['Ask for a password.'] },
  };
  const warned = { ...LOOKED, findings: [openToAll], verdict: openToAll };
  assert.equal([lookOf(LOOKED, LOOKED), lookOf(warned, LOOKED)], ['ok', 'answers']);
  const failed = { ...openToAll, result: 'fail' as const };
  assert.is(lookOf({ ...warned, findings: [failed], verdict: failed }, LOOKED), 'wrong');
  const unlisted = { instances: 1, at: null };
  assert.is(lookOf(LOOKED, { ...LOOKED, unlisted }), 'answers');
});

test.run();
