import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compareForSending, ranksAfterMove, type SendingOrder } from './sending-order.ts';

const study = (id: string, some: Partial<SendingOrder> = {}): SendingOrder => ({
  id,
  rank: null,
  score: null,
  queuedAt: 1,
  ...some,
});
const inOrder = (studies: readonly SendingOrder[]) => studies.toSorted(compareForSending).map(({ id }) => id);

test("a person's order comes before triage, triage before the clock", () => {
  assert.equal(
    inOrder([
      study('newest', { queuedAt: 9 }),
      study('oldest', { queuedAt: 1 }),
      study('urgent', { score: 0.9, queuedAt: 8 }),
      study('normal', { score: 0.1, queuedAt: 0 }),
      study('second', { rank: 2 }),
      study('first', { rank: -1 }),
    ]),
    ['first', 'second', 'urgent', 'normal', 'oldest', 'newest'],
  );
});

const studies = fc.uniqueArray(
  fc.record({
    id: fc.string({ minLength: 1, maxLength: 4 }),
    rank: fc.option(fc.integer({ min: -3, max: 9 })),
    score: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    queuedAt: fc.integer({ min: 0, max: 5 }),
  }),
  { selector: ({ id }) => id, minLength: 1, maxLength: 8 },
);

test('every place computes the same order', () => {
  fc.assert(
    fc.property(studies, (some) => {
      assert.equal(inOrder(some), inOrder(some.toReversed()));
      for (const a of some)
        for (const b of some)
          assert.is(Math.sign(compareForSending(a, b)), -Math.sign(compareForSending(b, a)) || 0);
    }),
  );
});

test('a moved study takes its new place, and the others keep their order', () => {
  fc.assert(
    fc.property(studies, fc.nat(7), fc.nat(7), (some, which, place) => {
      const before = inOrder(some);
      const moved = before[which % before.length]!;
      const ranks = ranksAfterMove(some, moved, place);
      const after = inOrder(some.map((each) => ({ ...each, rank: ranks.get(each.id) ?? each.rank })));
      const expected = before.filter((id) => id !== moved);
      expected.splice(place, 0, moved);
      assert.equal(after, expected);
    }),
  );
});

test('triage still orders the studies that no person has moved', () => {
  const some = [study('a', { queuedAt: 1 }), study('b', { queuedAt: 2 }), study('c', { queuedAt: 3 })];
  assert.equal([...ranksAfterMove(some, 'b', 0)], [['b', 0]]);
});

test.run();
