/** The choice of readers: nobody is left out, and nobody is given more than one place above the others. */
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { chooseReaders, type Candidate } from './choose-readers.ts';

const test = suite('choosing readers');

test('in turn and by load, places are shared evenly, and no place is given twice to one reader', async () => {
  await fc.assert(
    fc.property(
      fc.constantFrom('turn' as const, 'load' as const),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 30 }),
      (how, accounts, readers, reviews) => {
        let candidates: Candidate[] = Array.from({ length: accounts }, (_, at) => ({
          id: `account-${at}`,
          load: 0,
          places: 0,
          assignedAt: null,
        }));
        for (let review = 1; review <= reviews; review += 1) {
          const chosen = chooseReaders(candidates, how, readers);
          assert.is(chosen.length, Math.min(readers, accounts));
          assert.is(new Set(chosen).size, chosen.length);
          candidates = candidates.map((one) =>
            chosen.includes(one.id)
              ? { ...one, load: one.load + 1, places: one.load + 1, assignedAt: new Date(review) }
              : one,
          );
          const loads = candidates.map(({ load }) => load);
          assert.ok(Math.max(...loads) - Math.min(...loads) <= 1, `${loads}`);
        }
      },
    ),
    { seed: 16 },
  );
});

test('by load, who has less to read is asked first; by hand, nobody is', () => {
  const busy = { id: 'busy', load: 3, places: 3, assignedAt: null };
  const idle = { id: 'idle', load: 1, places: 9, assignedAt: new Date(5) };
  assert.equal(chooseReaders([busy, idle], 'load', 1), ['idle']);
  assert.equal(chooseReaders([busy, idle], 'turn', 1), ['busy']);
  assert.equal(chooseReaders([busy, idle], 'hand', 1), []);
});

test.run();
