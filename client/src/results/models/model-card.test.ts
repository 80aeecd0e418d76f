import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CARDS } from '#shared/models/card.ts';
import { cardFacts } from './model-card.ts';
import { recordedModels } from '../../testing/recorded-answers.ts';

test('a card shows use, population, limits and measures in short lines', () => {
  const facts = new Map(
    cardFacts(recordedModels()[2]!.versions[0]!.card).map(({ name, lines }) => [name, lines]),
  );
  assert.match(facts.get('Intended use')!.join(), /NOT FOR DIAGNOSTIC USE/);
  assert.equal(facts.get('Population'), ['1–5 years old', 'CHEST', 'AP, PA']);
  assert.ok(
    facts.get('Performance')!.includes('Test images: positive images detected (sensitivity): 99.5 %'),
    facts.get('Performance')!.join('; '),
  );
  assert.is(facts.get('Limits')!.length, 3);
});

test('the measures of every card that comes with the gateway are in words, each with its unit', () => {
  for (const [id, { measures }] of Object.entries(CARDS)) {
    const lines = cardFacts({ measures }).flatMap((fact) => fact.lines);
    for (const line of lines) {
      assert.match(line, /: [\d.,]+ (?:%|of 1|images)$/, `${id}: ${line}`);
      assert.not.match(line, /temperature|_|threshold (?:from|youden)/);
    }
  }
  assert.equal(cardFacts({ measures: { temperature: 1.2, a_measure_of_another: 0.51 } }), [
    { name: 'Performance', lines: ['a measure of another: 0.51'] },
  ]);
});

test('a card in another form shows the parts that are understood', () => {
  assert.equal(cardFacts({}), []);
  assert.equal(cardFacts({ limits: 'One only.', population: 'all', measures: [1, 2], licence: 7 }), [
    { name: 'Limits', lines: ['One only.'] },
  ]);
});

test.run();
