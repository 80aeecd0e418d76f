/** A chosen study that was sent before is recognised, by this device's queue and by the gateway's list. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SentStudy } from '#shared/protocol/studies.ts';
import { queuedStudy } from '../../../testing/queued-study.ts';
import { askSent, sentBefore, sentUnder } from './sent-before.ts';
import { countsOf, toldStudy } from '../../../testing/told-study.ts';

const test = suite('a study that was sent before');

const track = { unsafe: 0, safe: 0, onTheWay: 0, atGateway: 0, inPacs: 12, needsYou: 0, leftOut: 0 };
const arrived = queuedStudy({ state: 'done', track, studyInstanceUID: '1.2.3', queuedAt: 7 });

const AT = '2026-11-21T09:00:00.000Z';
const told = (inPacs: number, standing: SentStudy['standing'] = 'ended') =>
  toldStudy([{ counts: countsOf({ promised: 12, inPacs }) }], {
    ...{ studyInstanceUID: '1.2.3', standing, firstSentAt: AT, lastSentAt: AT },
  });

test('is known from this device, or from any other by the gateway', () => {
  const page = { page: 'study', id: arrived.id };
  assert.equal(sentBefore([arrived], []).get('1.2.3'), { inPacs: 12, at: 7, page });
  const at = Date.parse(AT);
  const elsewhere = { page: 'sent', id: '11111111-1111-4111-8111-111111111111' };
  assert.equal(sentBefore([], [told(12)]).get('1.2.3'), { inPacs: 12, at, page: elsewhere });
  assert.equal(sentBefore([arrived], [told(5)]).get('1.2.3'), { inPacs: 12, at, page });
});

test('is told with the newest receipt of this device, which is of all that it sent', () => {
  const later = queuedStudy({ ...arrived, id: 'later', queuedAt: 9 });
  const onItsWay = queuedStudy({ studyInstanceUID: '1.2.3', id: 'on-its-way', queuedAt: 10 });
  assert.is(sentBefore([arrived, later, onItsWay], [told(24)]).get('1.2.3')?.page.id, 'later');
});

test('may still be on its way', () => {
  const { inPacs, at } = sentBefore([queuedStudy({ studyInstanceUID: '1.2.3' })], []).get('1.2.3')!;
  assert.equal([inPacs, at], [0, 1]);
  assert.is(sentBefore([], [told(0, 'under-way')]).get('1.2.3')?.inPacs, 0);
});

test('is told as cancelled at once where this device knows that, whatever the gateway said before', () => {
  const none = { ...track, inPacs: 0, leftOut: 12 };
  const cancelled = queuedStudy({
    ...{ studyInstanceUID: '1.2.3', state: 'taken-back', track: none, queuedAt: 7, completedAt: 9 },
  });
  const page = { page: 'study', id: cancelled.id };
  const known = sentBefore([cancelled], [told(0, 'under-way')]);
  assert.equal(known.get('1.2.3'), { inPacs: 0, at: 9, isCancelled: 'by-then', page });
  assert.equal(sentUnder(known, new Set(['1.2.3'])), known.get('1.2.3'));
  const again = queuedStudy({ studyInstanceUID: '1.2.3', id: 'again', queuedAt: 10 });
  assert.equal(sentBefore([cancelled, again], []).get('1.2.3'), {
    ...{ inPacs: 0, at: 10, page: { page: 'study', id: 'again' } },
  });
  const toldSince = { inPacs: 0, uploadId: null, isOther: false };
  assert.is(sentBefore([{ ...cancelled, toldSince }], []).get('1.2.3')?.isCancelled, 'still');
  const there = { ...cancelled, track, queuedAt: 11, toldSince: { ...toldSince, inPacs: 12, uploadId: 'u' } };
  assert.is(
    sentBefore([{ ...arrived, id: 'whole' }, there], []).get('1.2.3')?.page.id,
    'whole',
    'has a receipt here',
  );
  assert.is(sentBefore([{ ...cancelled, track: { ...none, inPacs: 5 } }], []).get('1.2.3')?.inPacs, 5);
  assert.is(sentBefore([cancelled], [told(5)]).get('1.2.3')?.inPacs, 5);
});

test('is not one that was left out, and not one that has to be chosen again or decided', () => {
  const none = { ...track, inPacs: 0 };
  const needs = [{ cause: 'held', reason: null, instances: 1 }] as const;
  const own = [
    queuedStudy({ studyInstanceUID: '1.2.3', state: 'done', track: { ...none, leftOut: 12 } }),
    queuedStudy({ studyInstanceUID: '1.2.3', waiting: 'interrupted' }),
    queuedStudy({ studyInstanceUID: '1.2.3', needs }),
  ];
  assert.is(sentBefore(own, [told(0)]).size, 0);
  const [, ...stuck] = own;
  for (const study of stuck)
    assert.is(sentBefore([study], [told(0, 'under-way')]).size, 0, 'whatever the gateway waits for');
});

test('is known from this device alone while the gateway does not answer', async () => {
  const api = { json: () => Promise.reject(new Error('no network')) };
  assert.equal(await askSent(api, new AbortController().signal), []);
});

test.run();
