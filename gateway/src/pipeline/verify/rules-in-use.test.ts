/** A thread that judges the instances of one account holds nothing of another's. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toBase64Url } from '#shared/transfer/base64url.ts';
import type { PolicyRules } from '../plan/pipeline-tools.ts';
import { createRulesInUse } from './rules-in-use.ts';

const test = suite('rules in use');

const policyOf = (...options: string[]): PolicyRules => ({
  kind: 'deidentified',
  options,
  settings: {},
  tagKey: toBase64Url(new Uint8Array(32).fill(7)),
});

test('are the same for all instances of an account under a policy', async () => {
  const rulesOf = createRulesInUse();
  assert.is(await rulesOf('ann', policyOf()), await rulesOf('ann', policyOf()));
});

test('are new for another account and another policy, and for the first one after that', async () => {
  const rulesOf = createRulesInUse();
  const made = [
    await rulesOf('ann', policyOf()),
    await rulesOf('bob', policyOf()),
    await rulesOf('ann', policyOf()),
    await rulesOf('ann', policyOf('clean-descriptors')),
  ];
  assert.is(new Set(made).size, made.length);
});

test.run();
