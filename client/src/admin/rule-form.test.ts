/** A rule survives its form, and a mistake in the form names its field. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CaseRule, ForwardingRule, InferenceRule } from '#shared/protocol/rule.ts';
import {
  decidingRules,
  leftOutBy,
  readRule,
  readValues,
  suggestions,
  toTyped,
  toTypedValues,
  valueWithoutName,
} from './rule-form.ts';

const DESTINATION = '6f1c2d3e-0000-4000-8000-000000000001';
const archive: ForwardingRule = {
  name: 'CT to the archive',
  enabled: false,
  when: { modality: ['CT', 'MR'], description: ['*thorax, native*', 'Abdomen'] },
  to: [{ destination: DESTINATION, need: 'required' }],
};
const films: InferenceRule = {
  ...{ name: 'films', enabled: true, when: {} },
  ...{ models: ['pneumonia', 'image-kind'], priority: -5 },
};

const found: CaseRule = {
  ...{ name: 'found', enabled: true, when: { modality: ['CR'] } },
  ...{ occasion: 'finding', title: 'A model found an abnormality', casePriority: 'urgent' },
  ...{ tags: ['model', 'second look'], review: 'chest-film-double' },
};

test('a rule that opens a case survives the form, and its mistakes are named', () => {
  assert.equal(readRule('cases', toTyped(found), []), { kind: 'rule', rule: found });
  const bare = { ...found, tags: [], review: null };
  assert.equal(readRule('cases', toTyped(bare), []), { kind: 'rule', rule: bare });
  const typed = toTyped(found);
  const wrong = (opens: object) => readRule('cases', { ...typed, opens: { ...typed.opens, ...opens } }, []);
  assert.equal(wrong({ title: ' ' }), { kind: 'mistake', field: 'title' });
  assert.equal(wrong({ tags: 'a,b,c,d,e,f,g,h,i,j,k' }), { kind: 'mistake', field: 'tags' });
});

test('a rule that is opened and saved is the same rule', () => {
  assert.equal(readRule('forwarding', toTyped(archive), ['other']), { kind: 'rule', rule: archive });
  assert.equal(readRule('inference', toTyped(films), []), { kind: 'rule', rule: films });
});

test('a new rule sends studies where they go without it, and one that leaves out a required destination is noticed', () => {
  const of = (name: string, need: 'also' | 'required' | null, isPrimary = false) => ({
    ...{ id: DESTINATION.replace(/1$/, String(name.length)), name, isPrimary, need },
  });
  const site = [of('p', null, true), of('also', 'also'), of('archive', 'required'), of('research', null)];
  const read = readRule('forwarding', { ...toTyped(null, site), name: 'new' }, []);
  if (read.kind !== 'rule') throw assert.unreachable(read.field);
  assert.equal('to' in read.rule && read.rule.to, [
    { destination: site[1]!.id, need: 'also' },
    { destination: site[2]!.id, need: 'required' },
  ]);
  assert.equal(leftOutBy(read.rule, site), []);
  const without = { ...archive, enabled: true, to: [{ destination: site[1]!.id, need: 'also' as const }] };
  assert.equal(leftOutBy(without, site), ['archive']);
  assert.equal(leftOutBy({ ...without, to: [{ destination: site[2]!.id, need: 'also' }] }, site), [
    'archive',
  ]);
  assert.equal(leftOutBy({ ...without, enabled: false }, site), [], 'it takes nothing');
  assert.equal(
    toTyped(without, site).needs,
    { [site[1]!.id]: 'also' },
    'a rule that is there stays as it is',
  );
  assert.equal(decidingRules([without, { ...archive, name: 'off' }]), [
    { name: without.name, to: [site[1]!.id] },
  ]);
});

test('values that a destination wants survive the form, and a mistake in them is named', () => {
  const coerce = { institution: 'St. Elsewhere', accessionPrefix: 'E-' };
  const rule = { ...archive, to: [{ destination: DESTINATION, need: 'also' as const, coerce }] };
  const typed = toTyped(rule);
  assert.equal(readRule('forwarding', typed, []), { kind: 'rule', rule });
  const wrong = { ...typed.coercions[DESTINATION]!, accessionPrefix: 'far too long' };
  const read = readRule('forwarding', { ...typed, coercions: { [DESTINATION]: wrong } }, []);
  assert.equal(read, { kind: 'mistake', field: 'coercion' });
});

test('values are separated by commas, descriptions by lines; what is empty does not count', () => {
  const values = {
    ...toTypedValues({}),
    modality: ' CT,, MR ,',
    description: 'CT, thorax\n\n',
    account: ' ',
  };
  assert.equal(readValues(values), {
    kind: 'when',
    when: { modality: ['CT', 'MR'], description: ['CT, thorax'] },
  });
});

test('a mistake names its field', () => {
  const typed = toTyped(archive);
  const field = (more: object, kind: 'forwarding' | 'inference' = 'forwarding', others: string[] = []) => {
    const read = readRule(kind, { ...typed, ...more }, others);
    return read.kind === 'mistake' ? read.field : null;
  };
  assert.is(field({}), null);
  assert.is(field({ name: ' ' }), 'name');
  assert.is(field({ name: 'x'.repeat(65) }), 'name');
  assert.is(field({}, 'forwarding', [archive.name]), 'name');
  assert.is(field({ values: { ...typed.values, account: 'x'.repeat(65) } }), 'account');
  assert.is(field({ values: { ...typed.values, modality: Array(33).fill('CT').join() } }), 'modality');
  assert.is(field({ models: [] }, 'inference'), 'models');
  for (const priority of ['', 'high', '101', '1.5'])
    assert.is(field({ models: ['pneumonia'], priority }, 'inference'), 'priority', priority);
});

test('names of the site are offered, and one that it does not have is told', () => {
  const known = { policy: ['identified', 'deidentified'], account: ['ward-2'] };
  assert.equal(suggestions('policy', '', known), ['identified', 'deidentified']);
  assert.equal(suggestions('policy', 'identified, de', known), ['identified, deidentified']);
  assert.equal(suggestions('modality', '', known), []);
  assert.is(valueWithoutName('policy', 'Identified, identifed', known), 'identifed');
  assert.is(valueWithoutName('policy', '*identified', known), null);
  assert.is(valueWithoutName('account', 'ward*', known), null);
  assert.is(valueWithoutName('modality', 'XX', known), null);
  assert.is(valueWithoutName('policy', 'any', { policy: [], account: [] }), null);
});

test.run();
