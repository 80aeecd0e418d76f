import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cardFacts } from './model-card.ts';
import { recordedModels } from '../testing/recorded-answers.ts';

test('a card shows use, population, limits and measures in short lines', () => {
  const facts = new Map(
    cardFacts(recordedModels()[2]!.versions[0]!.card).map(({ name, lines }) => [name, lines]),
  );
  assert.match(facts.get('Intended use')!.join(), /NOT FOR DIAGNOSTIC USE/);
  assert.equal(facts.get('Population'), ['1–5 years old', 'CHEST', 'AP, PA']);
  assert.ok(facts.get('Measures')!.includes('test, sensitivity: 0.995'));
  assert.is(facts.get('Limits')!.length, 3);
});

test('a card in another form shows the parts that are understood', () => {
  assert.equal(cardFacts({}), []);
  assert.equal(cardFacts({ limits: 'One only.', population: 'all', measures: [1, 2], licence: 7 }), [
    { name: 'Limits', lines: ['One only.'] },
  ]);
});

test.run();
