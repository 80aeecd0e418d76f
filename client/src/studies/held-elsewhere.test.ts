/** A study of which its sender has yet to decide about instances, as everybody but the sender's device sees it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { chooseEntries } from './choose-entries.ts';
import { EVERYTHING, type Shown } from './list-choice.ts';
import { studiesWords } from './studies-words.ts';
import { whereOf, withheldOf } from './where-of.ts';
import { valuesOf } from '../testing/values-of.ts';
import { countsOf, listedNow, toldStudy, toldUpload, type ToldUpload } from '../testing/told-study.ts';

const test = suite('a study that its sender has not decided about');
const NOW = new Date(2026, 10, 25, 18);

/** An upload of four instances: two are in the PACS, one was left out, and one waits. */
const HELD = toldUpload({
  counts: countsOf({ promised: 2, inPacs: 2 }),
  withheld: { 'left-out-name': 1, held: 1 },
  receipt: { id: '22222222-2222-4222-8222-222222222222', href: '' },
  device: '33333333-3333-4333-8333-333333333333',
  sender: { username: 'tina', keptNames: false },
});
const undecided = (upload: ToldUpload) =>
  listedNow({ sent: [toldStudy([upload], { standing: 'needs-you' })] }, NOW);
const entries = undecided(HELD);
const found = (shown: Shown) => chooseEntries(entries, { ...EVERYTHING, shown }, NOW);

test('waits for a decision about one, and one was left out', () => {
  const { track } = entries[0]!;
  assert.equal([track.total, track.inPacs, track.leftOut, track.needsYou, track.onDevice], [4, 2, 1, 1, 0]);
  assert.equal([whereOf(entries[0]!).said, whereOf(entries[0]!).look], ['To decide', 'wait']);
  assert.equal(withheldOf(entries[0]!), [studiesWords.withheld['left-out-name'](1)]);
});

test('is found among those that wait, and not among those that have arrived', () => {
  assert.equal(valuesOf(found('needs-you'), 'key'), ['needs-you']);
  assert.equal(valuesOf(found('incomplete'), 'key'), ['needs-you']);
  assert.equal([found('arrived'), found('left-out')], [[], []]);
});

test('of which the PACS refused instances needs a person on other devices too, and is not called left out', () => {
  const told = (inPacs: number, sender: object) => {
    const { withheld: _, sender: __, ...upload } = HELD;
    const counts = countsOf({ promised: 3, inPacs, refused: 3 - inPacs });
    const [entry] = undecided({ ...upload, counts, ...sender });
    const { needsYou, leftOut } = entry!.track;
    return [needsYou, leftOut, whereOf(entry!).said];
  };
  assert.equal(told(2, {}), [1, 0, '1 to decide']);
  assert.equal(told(0, {}), [3, 0, '3 to decide']);
  const sender = { username: 'tina', keptNames: false };
  assert.equal(told(0, { sender }), [3, 0, 'To decide'], 'to those who watch the site');
});

test.run();
