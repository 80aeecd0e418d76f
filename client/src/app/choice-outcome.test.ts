/** The disc may go only where nothing of any choice needs it: tried with all combinations of outcomes. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isAnyLacking, sayOf, standingOfChoice, type ChoiceOutcome } from './choice-outcome.ts';
import { discWords } from './disc-words.ts';
import { discOf } from './disc-of.ts';
import { standingOf } from './may-close.ts';
import { NOTHING_HERE } from '../testing/standing-facts.ts';

const NOTHING: ChoiceOutcome = {
  inPacs: 0,
  underWay: 0,
  ended: 0,
  offList: 0,
  told: 0,
  held: 0,
  isBeingRead: false,
  unsent: 0,
  refused: 0,
  missing: 0,
  unread: 0,
  isInDoubt: false,
  leftOut: 0,
  cleared: 0,
  foreign: 0,
  isAtLeast: false,
};
const COUNTS = [
  'inPacs',
  'underWay',
  'ended',
  'offList',
  'held',
  'unsent',
  'refused',
  'missing',
  'unread',
  'leftOut',
  'cleared',
  'foreign',
] as const satisfies readonly (keyof ChoiceOutcome)[];

/** Each count of each choice none or one, and both flags: 16384 outcomes. */
function* allOutcomes(): Generator<ChoiceOutcome> {
  for (let bits = 0; bits < 2 ** (COUNTS.length + 2); bits += 1) {
    const is = (at: number): boolean => (bits & (1 << at)) !== 0;
    const counts = Object.fromEntries(COUNTS.map((name, at) => [name, Number(is(at))]));
    yield {
      ...NOTHING,
      ...counts,
      isBeingRead: is(COUNTS.length),
      isInDoubt: is(COUNTS.length + 1),
    };
  }
}

const AT_REST = standingOf(NOTHING_HERE);
const saidInDoubt = (isDoubted: boolean, choices: readonly ChoiceOutcome[]) =>
  discOf(AT_REST, {
    mayBeCleared: false,
    underWay: choices.reduce((sum, { underWay }) => sum + underWay, 0),
    leftOut: 0,
    choices: sayOf(choices),
    isDoubted,
  });
const saidOf = (...choices: readonly ChoiceOutcome[]) => saidInDoubt(false, choices);
const ARRIVED: ChoiceOutcome = { ...NOTHING, inPacs: 1 };

test('one choice: it may go only once something of it arrived, and nothing waits or was never looked at', () => {
  for (const choice of allOutcomes()) {
    const said = saidOf(choice);
    const { inPacs, underWay, ended, held, unsent, missing, unread, isBeingRead } = choice;
    const why = JSON.stringify(choice);
    if (said === 'in-pacs') {
      assert.ok(inPacs > 0 && !isBeingRead, why);
      assert.is(underWay + ended + held + unsent + missing + unread + choice.offList, 0, why);
    }
    if (said === 'may-go') {
      assert.ok(underWay > 0 && !isBeingRead, why);
      assert.is(ended + held + unsent + choice.refused + missing + unread + choice.leftOut, 0, why);
    }
  }
});

test('a second choice takes the sentence of the first one back unless all of it is there, or it was taken off', () => {
  let takenBack = 0;
  for (const second of allOutcomes()) {
    const standing = standingOfChoice(second);
    for (const both of [
      [ARRIVED, second],
      [second, ARRIVED],
    ]) {
      const said = saidOf(...both);
      const why = JSON.stringify(second);
      if (standing === 'keep') assert.is(said, 'keep', why);
      if (said === 'in-pacs') assert.ok(standing === 'in-pacs' || standing === 'removed', why);
    }
    takenBack += Number(standing === 'keep');
  }
  assert.ok(takenBack > 4000, `${takenBack} outcomes take it back`);
});

test('every file that was not sent is counted, of every choice of which anything was sent', () => {
  for (const choice of allOutcomes()) {
    const { unsent, refused, missing, unread, leftOut, cleared, foreign } = choice;
    const except = unsent + refused + missing + unread + leftOut + cleared + foreign;
    const isRemoved = standingOfChoice(choice) === 'removed';
    assert.is(sayOf([choice]).except, isRemoved ? 0 : except);
    if (isRemoved) assert.is(choice.inPacs + choice.underWay + except - cleared - leftOut - foreign, 0);
  }
});

test('in doubt no disc may go, whatever became of the choices on the page', () => {
  for (const choice of allOutcomes()) {
    const both = [ARRIVED, choice];
    const isFree =
      saidInDoubt(true, both) === 'in-pacs' && discWords.mayGo(sayOf(both), true).includes('can remove');
    assert.ok(!isFree && saidInDoubt(true, both) !== 'may-go', JSON.stringify(choice));
  }
});

test('the disc may go beside files that are no images; not beside one that may be of a study', () => {
  const words = (choice: Partial<ChoiceOutcome>): string => {
    const choices = [{ ...ARRIVED, ...choice }];
    return discWords.mayGo(sayOf(choices), isAnyLacking(choices));
  };
  assert.match(words({}), /You can remove the disc/);
  assert.match(
    words({ foreign: 2 }),
    /2 files chosen on this device were not sent\. You can remove the disc/,
  );
  for (const name of ['unsent', 'refused', 'missing', 'unread', 'leftOut', 'cleared'] as const)
    assert.match(
      words({ [name]: 1, foreign: 1 }),
      /2 files chosen on this device were not sent\. Keep their disc/,
      name,
    );
});

const AFTERWARDS: readonly (readonly [string, Partial<ChoiceOutcome>, ReturnType<typeof saidOf>])[] = [
  ['the index of a disc alone', { missing: 31 }, 'keep'],
  ['a damaged file alone', { refused: 1 }, 'keep'],
  ['a damaged index alone', { isInDoubt: true }, 'keep'],
  ['a study that is not ticked', { unsent: 4 }, 'keep'],
  ['files that were not read', { unread: 1 }, 'keep'],
  ['instances that wait for a person', { inPacs: 1, held: 2 }, 'keep'],
  ['a study that was cancelled', { ended: 1 }, 'keep'],
  ['a file cleared beside a study that was cancelled', { cleared: 1 }, 'keep'],
  ['a file cleared beside a study that arrived', { inPacs: 1, cleared: 1 }, 'in-pacs'],
  ['a study on its way', { underWay: 1 }, 'may-go'],
  ['a study on its way without a damaged file', { underWay: 1, leftOut: 1 }, 'keep'],
  ['a study that arrived without a damaged file', { inPacs: 1, leftOut: 1 }, 'in-pacs'],
  ['files that are still being read', { isBeingRead: true }, 'keep'],
  ['a study on its way, with more being read', { underWay: 1, isBeingRead: true }, 'keep'],
  ['a study that was taken off the list', { offList: 1 }, null],
];

for (const [chosen, outcome, said] of AFTERWARDS)
  test(`after a study that arrived, ${chosen}: ${said ?? 'nothing is said'}`, () => {
    assert.is(saidOf(ARRIVED, { ...NOTHING, ...outcome }), said);
  });

test.run();
