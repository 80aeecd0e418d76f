import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PolicyDocument } from '#shared/protocol/policy.ts';
import { differencesOf } from './policy-facts.ts';
import { readPolicy, toTypedPolicy, type TypedPolicy } from './policy-form.ts';

const test = suite('the form of a policy');

const POLICY: PolicyDocument = {
  name: 'research-ct',
  title: 'Research CT',
  description: 'For the study of 2026',
  deidentify: true,
  options: ['retain-uids'],
  roles: ['researcher'],
  rules: { unknownAttributes: 'keep', attributes: { '00081030': 'keep' }, undeclaredText: 'warn' },
  patientDomain: 'id-and-issuer',
  pseudonyms: 'gateway',
  key: 7,
  vault: true,
};
const KEEPING: PolicyDocument = {
  ...{ name: 'clinical', title: 'Clinical', deidentify: false, options: [], roles: ['technician'] },
  ...{ strict: true, asksReason: true },
};
const typed = (change: Partial<TypedPolicy>): TypedPolicy => ({ ...toTypedPolicy(POLICY), ...change });

function wrongIn(change: Partial<TypedPolicy>): readonly unknown[] {
  const read = readPolicy(typed(change));
  return read.kind === 'mistakes' ? read.mistakes.map(({ field }) => field) : [];
}

test('shows every setting of a policy, and reads back the same policy', () => {
  for (const policy of [POLICY, KEEPING]) {
    const read = readPolicy(toTypedPolicy(policy));
    assert.equal(read, { kind: 'policy', policy });
  }
});

test('leaves out what a policy that keeps names cannot have', () => {
  const roles = ['technician'] as const;
  const read = readPolicy(typed({ roles, deidentify: 'kept', attributes: 'nonsense', key: 'x' }));
  assert.is(read.kind, 'policy');
  const { name, title, description } = POLICY;
  assert.equal(read.kind === 'policy' && read.policy, {
    ...{ name, title, description, roles, deidentify: false, options: [] },
  });
});

test('lets no researcher send names under a policy that keeps them', () => {
  const read = readPolicy(typed({ roles: ['technician', 'researcher'], deidentify: 'kept' }));
  assert.equal(read.kind === 'mistakes' && read.mistakes.map(({ field }) => field), ['roles']);
});

test('takes tags as people write them, and names a line that is none or that comes twice', () => {
  const read = readPolicy(typed({ attributes: ' 0008,1030  KEEP\n\n(0010,1010) remove\n00081090 empty' }));
  assert.equal(read.kind === 'policy' && read.policy.rules?.attributes, {
    '00081030': 'keep',
    '00101010': 'remove',
    '00081090': 'empty',
  });
  for (const attributes of [
    '0008 keep',
    '0008,1030 hide',
    '0008,1030 keep\n00081030 remove',
    '0020,000d keep',
  ])
    assert.equal(wrongIn({ attributes }), ['attributes'], attributes);
});

test('names every field with a mistake, in the order of the fields', () => {
  const wrong = { name: 'identified', title: ' ', roles: [], key: '0', description: 'x'.repeat(501) };
  assert.equal(wrongIn(wrong), ['name', 'title', 'description', 'roles', 'key']);
});

test('says what differs between two versions of a policy, and nothing else', () => {
  assert.equal(differencesOf(POLICY, POLICY), []);
  const { rules: _rules, ...without } = POLICY;
  assert.equal(
    differencesOf(POLICY, { ...without, title: 'CT' }).map(({ label }) => label),
    [
      'Title',
      'Rules for single elements',
      'Elements that the standard does not know',
      'Images that may have names in their pixels',
    ],
  );
});

test.run();
