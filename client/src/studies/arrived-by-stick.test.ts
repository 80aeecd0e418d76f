/** A paused study that went by stick: the pause ends once the gateway has all of it, and not before. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { queuedStudy } from '../testing/queued-study.ts';
import { arrivedByStick } from './arrived-by-stick.ts';
import { createEntries } from './day-entry.ts';
import type { ToldStudy } from './sent-studies.store.ts';

const test = suite('a paused study that went by stick');
const NOW = new Date(2026, 10, 25, 18);
const ALL = { promised: 12, atGateway: 5, inPacs: 7, refused: 0, quarantined: 0, leftOut: 0 };
const PAUSED = { paused: true, studyInstanceUID: '1.2.1', savedToStickAt: NOW.getTime() - 60_000 };

function told(counts: Partial<typeof ALL>, sentAt = NOW): ToldStudy {
  const at = sentAt.toISOString();
  return {
    ...{
      studyInstanceUID: '1.2.1',
      standing: 'under-way',
      firstSentAt: at,
      lastSentAt: at,
      sopClassUIDs: [],
    },
    uploads: [
      {
        ...{
          uploadId: '11111111-1111-4111-8111-111111111111',
          studyInstanceUID: '1.2.1',
          state: 'receiving',
        },
        ...{ revision: 1, policy: 'identified', bytes: { promised: 1, atGateway: 0, inPacs: 1 } },
        ...{ waiting: null, receipt: null, device: null },
        counts: { ...ALL, ...counts },
      },
    ],
  };
}

const found = (study: Partial<QueuedStudy>, sent = told({})) =>
  arrivedByStick(
    createEntries()({ studies: [queuedStudy(study)], sent: [sent], link: 'online', device: null }, NOW),
  );

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
