/** Every cell of the table, by what a receipt may say. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { judgePosted, SAID, SHOWN, type Judged, type Said, type Shown } from './judge-posted.ts';

const test = suite('a posted instance');

const CELLS = SAID.flatMap((said) =>
  SHOWN.flatMap((shown) =>
    [true, false].map((isEarly) => ({ said, shown, isEarly, is: judgePosted(said, shown, isEarly) })),
  ),
);
const told = ({ said, shown, isEarly }: { said: Said; shown: Shown; isEarly: boolean }): string =>
  `${said}, ${shown}, ${isEarly ? 'early' : 'after the lag'}`;
const where = (is: Judged): string[] => CELLS.filter((cell) => cell.is === is).map(told);

test('is refused only if the PACS said so and does not show it in time', () => {
  assert.equal(where('refused'), [
    'refused, absent, after the lag',
    'refused-after-silence, absent, after the lag',
  ]);
});

test('is missing only after the lag, and only if the PACS said that it took it and shows nothing', () => {
  assert.equal(where('missing'), [
    'claimed, absent, after the lag',
    'coerced, absent, after the lag',
    'contested, absent, after the lag',
  ]);
});

test('that the PACS lists and does not give is asked for again, and counted, whatever the PACS said', () => {
  for (const { said, shown, isEarly, is } of CELLS) {
    if ((shown !== 'unknown' && shown !== 'silent') || said === 'coerced') continue;
    assert.is(is, 'unseen', told({ said, shown, isEarly }));
  }
});

test('for which the PACS answers no search is neither there nor lost: it is counted, and asked for again', () => {
  for (const cell of CELLS) if (cell.shown === 'unanswered') assert.is(cell.is, 'unseen', told(cell));
});

test('counts as stored if its bytes are there, or if the PACS alone speaks for it and lists it', () => {
  for (const { said, shown, isEarly, is } of CELLS) {
    const isThere = said !== 'coerced' && (shown === 'same' || (said === 'claimed' && shown === 'listed'));
    assert.is(is === 'stored', isThere, told({ said, shown, isEarly }));
    const isSeen = shown !== 'absent' && shown !== 'unanswered';
    assert.is(is === 'coerced', said === 'coerced' && isSeen, told({ said, shown, isEarly }));
  }
});

test('of which other bytes are there is a conflict, or the change of the PACS that said it took ours', () => {
  for (const { said, shown, isEarly, is } of CELLS) {
    if (shown !== 'other' || said === 'coerced') continue;
    assert.is(is, said === 'claimed' ? 'changed' : 'other', told({ said, shown, isEarly }));
  }
});

test('ends after the lag, whatever the PACS shows', () => {
  for (const cell of CELLS) if (!cell.isEarly) assert.not(cell.is === 'late', told(cell));
});

test.run();
