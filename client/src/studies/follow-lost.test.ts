/** The warning that a study is not here ends once the gateway no longer waits for it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LostStudy } from '../pipeline/queue/queued-study.ts';
import { noLongerLost } from './follow-lost.ts';
import { countsOf, toldStudy, type ToldUpload } from '../testing/told-study.ts';

const AT = '2026-11-26T05:00:00.000Z';
const upload = (some: Partial<ToldUpload>): Partial<ToldUpload> => ({
  ...{ uploadId: 'u7', state: 'receiving', counts: countsOf({ promised: 9, atGateway: 4 }) },
  ...some,
});
const sent = (...uploads: Partial<ToldUpload>[]) => [
  toldStudy(uploads, { standing: 'under-way', studyInstanceUID: '1.2.7', firstSentAt: AT, lastSentAt: AT }),
];

const lost = (rememberedBy: LostStudy['rememberedBy']): LostStudy => ({
  ...{ id: 'u7', studyInstanceUID: '1.2.7', modalities: [], instances: 9, rememberedBy },
  queuedAt: rememberedBy === 'device' ? Date.parse('2026-11-26T04:59:00.000Z') : null,
});

test('a study for which the gateway waits still stays in the warning', () => {
  assert.equal(noLongerLost([lost('gateway'), lost('device')], sent(upload({}))), []);
  assert.equal(noLongerLost([lost('gateway')], []), [], 'an answer that does not name it says nothing of it');
});

test('a study that arrived from another device, or was cancelled there, leaves the warning', () => {
  const inPacs = countsOf({ promised: 9, inPacs: 9 });
  const arrived = sent(upload({ state: 'closed', counts: inPacs }));
  assert.equal(noLongerLost([lost('gateway')], arrived), ['u7']);
  assert.equal(noLongerLost([lost('device')], arrived), ['u7']);
  const leftOut = { ...inPacs, inPacs: 0, leftOut: 9 };
  const cancelled = sent(upload({ state: 'closed', counts: leftOut, cancelled: true }));
  assert.equal(noLongerLost([lost('gateway')], cancelled), ['u7']);
});

test('a study of which another part is in the PACS stays in the warning', () => {
  const counts = countsOf({ promised: 9, inPacs: 9 });
  const hasEnded = (more: Parameters<typeof upload>[0], queuedAt = lost('device').queuedAt) =>
    noLongerLost([{ ...lost('device'), queuedAt }], sent(upload({ state: 'closed', counts, ...more })));
  assert.equal(hasEnded({}), ['u7']);
  assert.equal(hasEnded({}, Date.parse('2026-11-26T06:00:00.000Z')), [], 'it arrived before');
  assert.equal(hasEnded({ state: 'receiving' }), [], 'more of it is to come');
  const larger = { ...counts, promised: 300, inPacs: 300 };
  assert.equal(hasEnded({ counts: larger }), [], 'a larger part');
  const older = upload({ uploadId: 'u6', state: 'closed', counts });
  assert.equal(noLongerLost([lost('device')], sent(upload({}), older)), [], 'nobody knows when it was sent');
});

test('another upload of the study does not end the one that the gateway waits for', () => {
  const other = upload({ uploadId: 'u8', state: 'closed' });
  assert.equal(noLongerLost([lost('gateway')], sent(other, upload({}))), []);
});

test.run();
