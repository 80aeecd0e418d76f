/** A study of which its sender has yet to decide about instances, as everybody but the sender's device sees it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SentStudy } from '#shared/protocol/studies.ts';
import { chooseEntries, EVERYTHING, type Shown } from './choose-entries.ts';
import { createEntries } from './day-entry.ts';
import { studiesWords } from './studies-words.ts';
import { whereOf, withheldOf } from './where-of.ts';
import { valuesOf } from '../testing/values-of.ts';

const test = suite('a study that its sender has not decided about');
const NOW = new Date(2026, 10, 25, 18);
const AT = new Date(2026, 10, 25, 17).toISOString();

/** Of four instances two are in the PACS, one was left out, and one waits. */
const HELD: SentStudy = {
  ...{ studyInstanceUID: '1.2.1', standing: 'needs-you', firstSentAt: AT, lastSentAt: AT, sopClassUIDs: [] },
  uploads: [
    {
      ...{ uploadId: '11111111-1111-4111-8111-111111111111', studyInstanceUID: '1.2.1', state: 'closed' },
      ...{ revision: 1, policy: 'deidentified', bytes: { promised: 1, atGateway: 0, inPacs: 1 } },
      counts: { promised: 2, atGateway: 0, inPacs: 2, refused: 0, quarantined: 0, leftOut: 0 },
      withheld: { 'left-out-name': 1, held: 1 },
      ...{ waiting: null, receipt: { id: '22222222-2222-4222-8222-222222222222', href: '' } },
      device: '33333333-3333-4333-8333-333333333333',
      sender: { username: 'tina', keptNames: false },
    },
  ],
};
const entries = createEntries()({ studies: [], sent: [HELD], link: 'online', device: null }, NOW);
const found = (shown: Shown) => chooseEntries(entries, { ...EVERYTHING, shown }, NOW);

test('waits for a decision about one, and one was left out', () => {
  const { track } = entries[0]!;
  assert.equal([track.total, track.inPacs, track.leftOut, track.needsYou, track.onDevice], [4, 2, 1, 1, 0]);
  assert.equal([whereOf(entries[0]!).said, whereOf(entries[0]!).look], ['Waits for a decision', 'wait']);
  assert.equal(withheldOf(entries[0]!), [studiesWords.withheld['left-out-name'](1)]);
});

test('is found among those that wait, and not among those that have arrived', () => {
  assert.equal(valuesOf(found('needs-you'), 'key'), ['needs-you']);
  assert.equal(valuesOf(found('incomplete'), 'key'), ['needs-you']);
  assert.equal([found('arrived'), found('left-out')], [[], []]);
});

test('of which the PACS refused instances needs a person on other devices too, and is not called left out', () => {
  const told = (inPacs: number, sender: object) => {
    const { withheld: _, sender: __, ...upload } = HELD.uploads[0]!;
    const counts = { ...upload.counts, promised: 3, inPacs, refused: 3 - inPacs };
    const sent = [{ ...HELD, uploads: [{ ...upload, counts, ...sender }] }];
    const [entry] = createEntries()({ studies: [], sent, link: 'online', device: null }, NOW);
    const { needsYou, leftOut } = entry!.track;
    return [needsYou, leftOut, whereOf(entry!).said];
  };
  assert.equal(told(2, {}), [1, 0, '1 needs you']);
  assert.equal(told(0, {}), [3, 0, '3 need you']);
  const sender = { username: 'tina', keptNames: false };
  assert.equal(told(0, { sender }), [3, 0, 'Waits for a decision'], 'to those who watch the site');
});

test.run();
