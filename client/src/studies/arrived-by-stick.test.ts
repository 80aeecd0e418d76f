/** A paused study that went by stick: the pause ends once the gateway has all of it, and not before. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { queuedStudy } from '../testing/queued-study.ts';
import { arrivedByStick } from './arrived-by-stick.ts';
import { countsOf, listedNow, toldStudy, type ToldUpload } from '../testing/told-study.ts';

const test = suite('a paused study that went by stick');
const NOW = new Date(2026, 10, 25, 18);
const PAUSED = { paused: true, studyInstanceUID: '1.2.1', savedToStickAt: NOW.getTime() - 60_000 };

/** An upload of twelve instances, of which the gateway has all but for these. */
const told = (counts: Partial<ToldUpload['counts']>) =>
  toldStudy(
    [{ state: 'receiving', counts: countsOf({ promised: 12, atGateway: 5, inPacs: 7, ...counts }) }],
    {
      ...{ standing: 'under-way', firstSentAt: NOW.toISOString(), lastSentAt: NOW.toISOString() },
    },
  );

const found = (study: Partial<QueuedStudy>, sent = told({})) =>
  arrivedByStick(listedNow({ studies: [queuedStudy(study)], sent: [sent] }, NOW));

test('is found once all of it is at the gateway', () => {
  assert.equal(found(PAUSED), ['a']);
});

test('stays paused while some of it is missing there, and where it went another way', () => {
  assert.equal(found(PAUSED, told({ atGateway: 4 })), []);
  assert.equal(found(PAUSED, told({ promised: 11, atGateway: 4 })), [], 'a part of it');
  assert.equal(found({ ...PAUSED, savedToStickAt: null }), []);
  assert.equal(found({ ...PAUSED, cancelling: true }), []);
  assert.equal(found({ ...PAUSED, queuedAt: NOW.getTime() + 1 }), [], 'an upload from before it was chosen');
});

test.run();
