/** Later readings of one question and the earlier ones, in several orders of sides and readers. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compareOutcomes, readingIn } from './compare-outcomes.ts';

const test = suite('outcomes of one question');

const SIDES = { something: true, nothing: false, unsure: null } as const;

const signed = (account: string | null, day: number) => ({ account, signedAt: new Date(day * 86_400_000) });

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
    ['ana something, ben nothing, ana unsure', 'contradicted contradicted stands'],
    ['ana something, ana unsure, ben nothing', 'contradicted stands contradicted'],
    ['ana something, ben something, cleo unsure', 'stands stands stands'],
    ['ana something, ana nothing, ben something', 'replaced contradicted contradicted'],
    ['ana something, ana nothing, ben something, ana something', 'replaced replaced stands stands'],
    ['ana unsure, ana something', 'replaced stands'],
    ['ana unsure, ana unsure', 'replaced stands'],
    ['ana+ben something, ana nothing, ben unsure', 'contradicted contradicted stands'],
    ['ana+ben something, cleo nothing', 'contradicted contradicted'],
    ['ana+ben something, ana nothing', 'contradicted contradicted'],
    ['ana+ben something, ana nothing, ben nothing', 'replaced stands stands'],
    ['ana something, ben nothing, cleo+dora nothing', 'overruled stands stands'],
  ];
  for (const [said, now] of orders) {
    const outcomes = said.split(', ').map((one, at) => {
      const [by = '', side] = one.split(' ');
      const signatures = by.split('+').map((account) => signed(account, at));
      return { id: `${at}`, by: signatures, positive: SIDES[side as keyof typeof SIDES] };
    });
    assert.is([...compareOutcomes(outcomes).values()].join(' '), now, said);
  }
});

test('a reading that its readers signed at different times replaces nothing that one of them read in between', () => {
  const slow = { id: 'slow', positive: false, by: [signed('ana', 1), signed('ben', 3)] };
  const between = { id: 'between', positive: true, by: [signed('ana', 2)] };
  const nowOf = (...outcomes: Parameters<typeof compareOutcomes>[0]) =>
    Object.fromEntries(compareOutcomes(outcomes));
  const both = { between: 'contradicted', slow: 'contradicted' };
  assert.equal(nowOf(between, slow), both);
  assert.equal(nowOf(slow, between), both);
  const ofBen = { id: 'ben', positive: true, by: [signed('ben', 4)] };
  assert.equal(nowOf(ofBen, between, slow), { slow: 'replaced', between: 'stands', ben: 'stands' });
});

test('readers whose accounts are gone replace nothing', () => {
  const gone = (id: string, positive: boolean) => ({ id, positive, by: [signed(null, Number(id))] });
  const now = compareOutcomes([gone('1', true), gone('2', false)]);
  assert.equal([...now.values()], ['contradicted', 'contradicted']);
});

test('readings of a case say together what stands, and nothing while two contradict each other', () => {
  const among = (...outcomes: Parameters<typeof readingIn>[0]) => readingIn(outcomes);
  const something = { positive: true, now: 'stands' } as const;
  const nothing = { positive: false, now: 'stands' } as const;
  const unsure = { positive: null, now: 'stands' } as const;
  const unread = { reading: null, isDisputed: false };
  assert.equal(among(), unread);
  assert.equal(among(unsure), unread);
  assert.equal(among({ positive: true, now: 'replaced' }, { positive: false, now: 'overruled' }), unread);
  assert.equal(among(nothing, unsure), { ...unread, reading: 'negative' });
  assert.equal(among(nothing, { positive: true, now: 'overruled' }), { ...unread, reading: 'negative' });
  assert.equal(among(nothing, something), { ...unread, reading: 'positive' }, 'of two questions');
  const disputed = { reading: null, isDisputed: true };
  assert.equal(among(something, { positive: false, now: 'contradicted' }), disputed);
});

test.run();
