/** Why a destination cannot be deleted. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { whyKept } from './why-kept.ts';

const test = suite('a destination that cannot be deleted');
const NONE = { fromEnvironment: false, isPrimary: false, hasStudies: false };

test('says the reason that somebody can do something about last', () => {
  assert.is(whyKept(NONE), null);
  assert.is(whyKept({ ...NONE, hasStudies: true }), 'studies');
  assert.is(whyKept({ ...NONE, hasStudies: true, isPrimary: true }), 'primary');
  assert.is(whyKept({ fromEnvironment: true, isPrimary: true, hasStudies: true }), 'environment');
});

test.run();
