/** Later readings of one question and the earlier ones, in several orders of sides and readers. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compareOutcomes } from './compare-outcomes.ts';

const test = suite('outcomes of one question');

const SIDES = { something: true, nothing: false, unsure: null } as const;

test('a reading by another person decides between two that contradict each other, whoever they are', () => {
  const orders: readonly (readonly [said: string, now: string])[] = [
    ['ana something, ben nothing', 'contradicted contradicted'],
    ['ana something, ben nothing, cleo something', 'stands overruled stands'],
    [
      'ana something, ben nothing, cleo something, dora nothing',
      'contradicted contradicted contradicted contradicted',
    ],
    ['ana something, ben something, cleo nothing', 'contradicted contradicted contradicted'],
    ['ana something, ben nothing, cleo unsure', 'contradicted contradicted stands'],
    ['ana something, ben nothing, ana nothing', 'replaced stands stands'],
    ['ana something, ben nothing, ana something', 'replaced contradicted contradicted'],
    ['ana something, ben nothing, ana unsure', 'replaced stands stands'],
    ['ana+ben something, cleo nothing', 'contradicted contradicted'],
    ['ana+ben something, ana nothing', 'contradicted contradicted'],
    ['ana+ben something, ana nothing, ben nothing', 'replaced stands stands'],
    ['ana something, ben nothing, cleo+dora nothing', 'overruled stands stands'],
  ];
  for (const [said, now] of orders) {
    const outcomes = said.split(', ').map((one, at) => {
      const [by = '', side] = one.split(' ');
      return { id: `${at}`, by: by.split('+'), positive: SIDES[side as keyof typeof SIDES] };
    });
    assert.is([...compareOutcomes(outcomes).values()].join(' '), now, said);
  }
});

test('readers whose accounts are gone replace nothing', () => {
  const gone = (id: string, positive: boolean) => ({ id, positive, by: [null] });
  const now = compareOutcomes([gone('1', true), gone('2', false)]);
  assert.equal([...now.values()], ['contradicted', 'contradicted']);
});

test.run();
