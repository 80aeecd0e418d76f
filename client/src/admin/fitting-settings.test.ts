/** The settings that are offered for a destination after a test. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fittingOf } from './fitting-settings.ts';

const test = suite('the settings that fit a destination');
const NOTHING = { lagMinutes: null, proof: null, batchBytes: null, bodyBytes: null };
const SET = { lagMinutes: 20, proof: 'found', batchBytes: 847_000 } as const;

test('are those that are set where the test measured nothing', () => {
  assert.equal(fittingOf(NOTHING, SET), SET);
});

test('hold no small requests once the test found that large ones pass', () => {
  assert.equal(fittingOf({ ...NOTHING, bodyBytes: 134_217_728 }, SET), { ...SET, batchBytes: null });
});

test('hold requests as small as the limit that the test found', () => {
  const limited = { ...NOTHING, bodyBytes: 1_048_576, batchBytes: 983_040 };
  assert.equal(fittingOf(limited, SET), { ...SET, batchBytes: 983_040 });
});

test.run();
