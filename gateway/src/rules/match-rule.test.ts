/** A study against rules: patterns, order, rules that are switched off, and the reason for each that does not fit. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CONDITIONS, type Condition, type When } from '#shared/protocol/rule.ts';
import { type Attributes, firstUnmet, judgeRules, NO_ATTRIBUTES } from './match-rule.ts';
import { fieldsOf } from '../testing/fields-of.ts';

const CT: Attributes = {
  ...NO_ATTRIBUTES,
  policy: ['identified'],
  modality: ['CT', 'SR'],
  description: ['CT Thorax mit KM'],
};

const value = fc.constantFrom('A', 'b', 'AB', 'ABC', 'ca');
const attributes = fc.record(
  Object.fromEntries(CONDITIONS.map((one) => [one, fc.array(value, { maxLength: 2 })])),
) as fc.Arbitrary<Attributes>;
const when = fc.record(
  Object.fromEntries(
    CONDITIONS.map((one) => [
      one,
      fc.array(fc.constantFrom('a', 'A*', '*c', '*b*', 'x'), { minLength: 1, maxLength: 2 }),
    ]),
  ),
  { requiredKeys: [] },
) as fc.Arbitrary<When>;
const rules = fc
  .array(fc.record({ enabled: fc.boolean(), when }), { maxLength: 8 })
  .map((all) => all.map((one, at) => ({ ...one, name: `rule ${at}` })));

test('the first rule that is switched on and fits takes the study, whatever stands after it', () => {
  fc.assert(
    fc.property(rules, attributes, (all, study) => {
      const expected = all.findIndex((one) => one.enabled && firstUnmet(one.when, study) === null);
      const verdicts = judgeRules(all, study, 'first');
      assert.equal(
        fieldsOf(verdicts, 'name'),
        all.map(({ name }) => name),
      );
      assert.is(
        verdicts.findIndex(({ takes }) => takes),
        expected,
      );
      assert.is(verdicts.filter(({ takes }) => takes).length, expected < 0 ? 0 : 1);
      const shorter = judgeRules(all.slice(0, expected + 1), study, 'first');
      assert.equal(shorter, verdicts.slice(0, expected + 1));
    }),
  );
});

test('a rule that is switched off changes nothing for the others', () => {
  fc.assert(
    fc.property(rules, attributes, (all, study) => {
      const isOn = (name: string): boolean => all.some((one) => one.enabled && one.name === name);
      for (const which of ['first', 'every'] as const) {
        const verdicts = judgeRules(all, study, which);
        assert.equal(
          verdicts.filter(({ name }) => isOn(name)),
          judgeRules(
            all.filter(({ enabled }) => enabled),
            study,
            which,
          ),
        );
        assert.ok(verdicts.every(({ name, because }) => isOn(name) === (because?.kind !== 'disabled')));
      }
    }),
  );
});

test('of every rule that fits, each takes the study', () => {
  fc.assert(
    fc.property(rules, attributes, (all, study) => {
      const expected = all.map((one) => one.enabled && firstUnmet(one.when, study) === null);
      assert.equal(fieldsOf(judgeRules(all, study, 'every'), 'takes'), expected);
    }),
  );
});

test('a rule without conditions is about every study, and an unknown value meets none', () => {
  assert.is(firstUnmet({}, NO_ATTRIBUTES), null);
  for (const condition of CONDITIONS)
    assert.is(firstUnmet({ [condition]: ['*'] }, NO_ATTRIBUTES), condition satisfies Condition);
});

test('the reason is the first condition that is not met, with both sides', () => {
  const film = { name: 'film', enabled: true, when: { policy: ['identified'], modality: ['CR', 'DX'] } };
  const chest = { name: 'chest', enabled: true, when: { modality: ['ct'], description: ['*thorax*'] } };
  const all = { name: 'all', enabled: true, when: {} };
  const off = { ...all, name: 'off', enabled: false };
  const offToo = { ...film, name: 'off too', enabled: false };
  assert.equal(judgeRules([film, chest, all, off, offToo], CT, 'first'), [
    {
      name: 'film',
      takes: false,
      because: { kind: 'condition', condition: 'modality', has: ['CT', 'SR'], wants: ['CR', 'DX'] },
    },
    { name: 'chest', takes: true, because: null },
    { name: 'all', takes: false, because: { kind: 'earlier', rule: 'chest' } },
    { name: 'off', takes: false, because: { kind: 'disabled', isMet: true } },
    { name: 'off too', takes: false, because: { kind: 'disabled', isMet: false } },
  ]);
});

test.run();
