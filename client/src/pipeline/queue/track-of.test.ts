import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { QueuedStudy } from './queued-study.ts';
import { inQueueOrder, trackOf } from './track-of.ts';

const study = (some: Partial<QueuedStudy>): QueuedStudy => ({
  id: 'a',
  title: null,
  about: { modalities: ['CT'], series: 1 },
  policy: { name: 'identified', version: 1, deidentify: false },
  state: 'safe',
  instances: 12,
  bytes: 120,
  packing: false,
  track: { unsafe: 0, safe: 12, onTheWay: 0, atGateway: 0, inPacs: 0 },
  refused: [],
  quarantined: [],
  leftOut: 0,
  waiting: null,
  problem: null,
  trouble: null,
  bytesPerSecond: 0,
  secondsLeft: null,
  stalled: false,
  paused: false,
  isWaiting: true,
  score: null,
  film: [],
  ranked: false,
  canTakeBack: true,
  canCancel: false,
  wasCancelled: false,
  receiptId: null,
  studyInstanceUID: null,
  queuedAt: 1,
  completedAt: null,
  ...some,
});
const atGateway = { unsafe: 0, safe: 0, onTheWay: 0, atGateway: 12, inPacs: 0 };

test('every study held up by the link says so, not only the first', () => {
  assert.is(trackOf(study({}), 'offline').waitingFor, 'offline');
  assert.is(trackOf(study({}), 'gateway-unreachable').waitingFor, 'gateway-unreachable');
  assert.is(trackOf(study({}), 'online').waitingFor, null);
  assert.is(trackOf(study({ waiting: 'storage-full' }), 'online').waitingFor, 'storage-full');
});

test("a study at the gateway does not wait for this device's network, and one on the device does not wait for the PACS", () => {
  assert.is(trackOf(study({ state: 'at-gateway', track: atGateway }), 'offline').waitingFor, null);
  assert.is(
    trackOf(study({ state: 'at-gateway', track: atGateway }), 'pacs-unreachable').waitingFor,
    'pacs-unreachable',
  );
  assert.is(trackOf(study({}), 'pacs-unreachable').waitingFor, null);
  assert.is(trackOf(study({ state: 'done' }), 'offline').waitingFor, null);
});

test('a paused study waits only for the person who paused it', () => {
  assert.is(trackOf(study({ paused: true }), 'offline').waitingFor, null);
  assert.is(trackOf(study({ paused: true, waiting: 'gateway-unreachable' }), 'online').waitingFor, null);
});

test('only instances that a person can still decide about are red', () => {
  const refused = [{ reason: 'pacs-refused', instances: 3 }];
  assert.is(trackOf(study({ state: 'attention', refused }), 'online').needsDecision, 3);
  assert.is(trackOf(study({ state: 'done', refused }), 'online').needsDecision, 0);
});

test('studies that need a person come first, then those under way in sending order, then those that arrived, newest first', () => {
  const order = inQueueOrder([
    study({ id: 'first', queuedAt: 1 }),
    study({ id: 'old', state: 'done', completedAt: 5 }),
    study({ id: 'second', queuedAt: 2 }),
    study({ id: 'new', state: 'done', completedAt: 9 }),
    study({ id: 'cut', waiting: 'interrupted', state: 'reading' }),
    study({ id: 'red', state: 'attention' }),
  ]);
  assert.equal(
    order.map(({ part, studies }) => [part, studies.map(({ id }) => id)]),
    [
      ['needs-you', ['cut', 'red']],
      ['under-way', ['first', 'second']],
      ['arrived', ['new', 'old']],
    ],
  );
});

test.run();
