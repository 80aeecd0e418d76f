import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRules, type RulesSettings } from '../deid/rules.ts';
import { policySchema } from './api.ts';
import { POLICY_ATTRIBUTES_LIMIT, policyDocumentSchema, type PolicyRules } from './policy.ts';

const GOOD = {
  name: 'research-ct',
  title: 'Research CT',
  deidentify: true,
  options: ['retain-uids'],
  roles: ['technician'],
};
const isTaken = (more: object): boolean => policyDocumentSchema.safeParse({ ...GOOD, ...more }).success;
const withRules = (rules: unknown): boolean => isTaken({ rules });
const attributes = (...tags: string[]): boolean =>
  withRules({ attributes: Object.fromEntries(tags.map((tag) => [tag, 'keep'])) });

/** Names and types agree: the rules are made from the policy as written. */
const asSettings: (rules: PolicyRules) => RulesSettings = (rules) => rules;

test('a policy is accepted with all its fields, and devices get the same ones', () => {
  const rules: PolicyRules = {
    unknownAttributes: 'keep',
    attributes: { '00101010': 'keep', '60020010': 'replace' },
    documents: 'keep',
    waveformAnnotations: 'clean',
    undeclaredText: 'warn',
  };
  const policy = policyDocumentSchema.parse({ ...GOOD, description: 'For the study of 2026.', rules });
  assert.equal(policySchema.parse({ ...policy, version: 3 }), { ...policy, version: 3 });
  assert.is(createRules(policy.options, asSettings(rules)).kind, 'ready');
});

test('a name is kebab-case, at most 64 characters, and no built-in’s', () => {
  for (const name of ['a', 'a-1', '2026-ct', 'a'.repeat(64)]) assert.ok(isTaken({ name }), name);
  for (const name of [
    '',
    'A',
    'a_b',
    'a--b',
    '-a',
    'a-',
    'a b',
    'ä',
    'a'.repeat(65),
    'identified',
    'deidentified',
  ])
    assert.not.ok(isTaken({ name }), name);
});

test('texts for people are one line and not too long', () => {
  assert.ok(isTaken({ title: 'x'.repeat(80), description: 'x'.repeat(500) }));
  assert.ok(isTaken({ title: 'Étude de 2026 – 東京' }));
  const refused = [
    { title: '' },
    { title: ' ' },
    { title: 'x'.repeat(81) },
    { title: 'a\nb' },
    { title: 'a\u0085b' },
    { description: 'x'.repeat(501) },
    { description: 'a\u0000b' },
  ];
  for (const more of refused) assert.not.ok(isTaken(more), JSON.stringify(more));
});

test('roles are some that may send, each once', () => {
  assert.ok(isTaken({ roles: ['technician', 'radiologist', 'researcher', 'admin'] }));
  for (const roles of [[], ['auditor'], ['technician', 'technician'], ['nobody'], 'technician'])
    assert.not.ok(isTaken({ roles }), JSON.stringify(roles));
});

test('options are names, each once, at most twenty', () => {
  const many = (count: number) => Array.from({ length: count }, (_, at) => `option-${at}`);
  assert.ok(isTaken({ options: many(20) }));
  for (const options of [many(21), ['retain-uids', 'retain-uids'], ['Retain-UIDs'], ['x'.repeat(65)]])
    assert.not.ok(isTaken({ options }), options.join());
});

test('attributes are exact tags of a Data Set that the road does not decide itself', () => {
  assert.ok(attributes('00100010', '00101010', '00291010', '60000022', 'ffffffff', '00080070'));
  for (const tag of [
    '0010,0010',
    '0010001',
    '001000100',
    '0010001G',
    '0010000A',
    '(0010,0010)',
    'PatientName',
  ])
    assert.not.ok(attributes(tag), tag);
  const notForPolicies = [
    '00020010',
    '00000002',
    '00041130',
    '00100000',
    'fffee000',
    '7fe00010',
    '00080005',
    '00080016',
    '00080018',
    '0020000d',
    '0020000e',
    '00120062',
    '00120063',
  ];
  for (const tag of notForPolicies) assert.not.ok(attributes(tag), tag);
  const many = (count: number) =>
    attributes(...Array.from({ length: count }, (_, at) => `0029${(0x1000 + at).toString(16)}`));
  assert.ok(many(POLICY_ATTRIBUTES_LIMIT));
  assert.not.ok(many(POLICY_ATTRIBUTES_LIMIT + 1));
  assert.not.ok(withRules({ attributes: { '00101010': 'drop' } }));
});

test('unknown fields are refused, never ignored, on the device too', () => {
  assert.not.ok(isTaken({ colour: 'red' }));
  for (const rules of [
    { keepEverything: true },
    { documents: 'remove' },
    { waveformAnnotations: 'keep' },
    { undeclaredText: 'quarantine' },
    { unknownAttributes: 'empty' },
  ]) {
    assert.not.ok(withRules(rules), JSON.stringify(rules));
    assert.not.ok(policySchema.safeParse({ ...GOOD, version: 1, rules }).success, JSON.stringify(rules));
  }
  assert.ok(withRules({}));
});

test('a policy that sends instances unchanged has no options and no rules', () => {
  assert.ok(isTaken({ deidentify: false, options: [] }));
  assert.not.ok(isTaken({ deidentify: false }));
  assert.not.ok(isTaken({ deidentify: false, options: [], rules: {} }));
});

test('only a policy that keeps names asks why, and devices are told', () => {
  const asking = { ...GOOD, deidentify: false, options: [], asksReason: true };
  const policy = policyDocumentSchema.parse(asking);
  assert.is(policySchema.parse({ ...policy, version: 1 }).asksReason, true);
  assert.not.ok(isTaken({ asksReason: true }));
});

test.run();
