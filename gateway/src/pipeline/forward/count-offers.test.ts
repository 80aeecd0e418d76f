/** When an instance that the PACS says nothing of is offered again, and when it is left to a person. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PAUSES } from '../pipeline-tools.ts';
import { countOffer, isDue, OFFERS_LIMIT, OFFERS_LIMIT_WHEN_ILL } from './count-offers.ts';

const test = suite('an instance that the PACS says nothing of');

const row = (all: number, amid: number) => ({
  id: 1,
  offers: all,
  offers_amid: amid,
  offered_minute: 1000,
});
/** The first minute in which it is due, counted from its last offer. */
function dueAfter(all: number, amid: number, tookOthers: boolean): number {
  let minutes = 0;
  while (!isDue(row(all, amid), { minutes: 1000 + minutes, tookOthers }, PAUSES)) minutes += 1;
  return minutes;
}

test('is offered less and less often', () => {
  const waits = Array.from({ length: 9 }, (_, nth) => dueAfter(nth + 1, nth + 1, false));
  assert.equal(waits, [0, 0, 1, 5, 15, 30, 60, 60, 60]);
});

test('waits no longer for an illness that is over: the PACS took others since', () => {
  assert.equal([dueAfter(12, 0, false), dueAfter(12, 0, true)], [60, 0]);
  assert.is(dueAfter(12, 4, true), 5, 'but for its own offers while the PACS took others');
});

test('is for a person after some offers while the PACS took others, or many while it took none', () => {
  const ends = (all: number, amid: number, tookOthers: boolean): boolean =>
    countOffer(row(all, amid), tookOthers).state === 'quarantined';
  const last = OFFERS_LIMIT - 1;
  assert.equal([ends(last - 1, 3, true), ends(last, 2, true), ends(last, 3, true)], [false, false, true]);
  const many = OFFERS_LIMIT_WHEN_ILL;
  assert.equal([ends(many - 2, 0, false), ends(many - 1, 0, false)], [false, true]);
  assert.is(ends(20, 0, true), false, 'one failure after a night of illness is no end');
});

test('comes to an end, however illness and health follow one another', () => {
  for (const pattern of [[true], [false], [true, false], [false, false, false, true]]) {
    let [all, amid] = [0, 0];
    let offers = 0;
    for (; offers < 100; offers += 1) {
      const change = countOffer(row(all, amid), pattern[offers % pattern.length]!);
      if (change.state === 'quarantined') break;
      ({ all, amid } = change.offers!);
    }
    assert.ok(offers < OFFERS_LIMIT_WHEN_ILL, `${pattern}`);
  }
});

test.run();
