import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { queuedStudy as study } from '../../testing/queued-study.ts';
import { partOf, trackOf } from './track-of.ts';
import { sayWaiting, trackWords } from './track-words.ts';

const atGateway = { unsafe: 0, safe: 0, onTheWay: 0, atGateway: 12, inPacs: 0, needsYou: 0, leftOut: 0 };

test('every study held up by the link says so, not only the first', () => {
  assert.is(trackOf(study({}), 'offline').waitingFor, 'offline');
  assert.is(trackOf(study({}), 'gateway-unreachable').waitingFor, 'gateway-unreachable');
  assert.is(trackOf(study({}), 'online').waitingFor, null);
  assert.is(trackOf(study({}), 'pacs-no-retrieval').waitingFor, null);
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

test('a study waits for an administrator where the PACS cannot get well by itself', () => {
  for (const because of ['pacs-refuses-sign-in', 'pacs-settings-wrong'] as const) {
    assert.is(trackOf(study({ state: 'at-gateway', track: atGateway }), because).waitingFor, because);
    assert.not.match(trackWords.waiting[because], /automatically/);
    assert.match(trackWords.waiting[because], /An administrator must .* safe at the gateway/);
  }
  assert.is(
    trackOf(study({ state: 'at-gateway', track: atGateway }), 'pacs-no-search').waitingFor,
    'pacs-settings-wrong',
  );
});

test('a study that waits for destinations that must have it names them, and no others', () => {
  const said = (some: Parameters<typeof study>[0]) => {
    const track = trackOf(study({ state: 'at-gateway', track: atGateway, ...some }), 'online');
    return sayWaiting(track.waitingFor!, track);
  };
  const waiting = 'required-destination';
  assert.match(
    said({ waiting, waitsFor: ['mirror'] }),
    /^Waiting for mirror, where the study is also required\./,
  );
  assert.match(said({ waiting, waitsFor: ['archive', 'mirror'] }), /^Waiting for archive and mirror, where/);
  assert.match(said({ waiting }), /^Waiting for another PACS, where the study is also required\./);
  assert.match(said({ waiting: 'pacs-unreachable', waitsFor: ['mirror'] }), /^Waiting for the PACS\./);
});

test('a paused study waits only for the person who paused it', () => {
  assert.is(trackOf(study({ paused: true }), 'offline').waitingFor, null);
  assert.is(trackOf(study({ paused: true, waiting: 'gateway-unreachable' }), 'online').waitingFor, null);
});

test('an instance that is being read stands on the track, and none is called safe by it', () => {
  const track = { ...atGateway, unsafe: 4, atGateway: 56 };
  const { onDevice, isBeingRead } = trackOf(study({ instances: 60, packing: true, track }), 'online');
  assert.equal([onDevice, isBeingRead], [4, true]);
});

test('a study that a person left out entirely is not among those in the PACS', () => {
  const track = { ...atGateway, atGateway: 0, leftOut: 12 };
  assert.is(partOf(study({ state: 'done', track })), 'left-out');
  assert.is(partOf(study({ state: 'done', track: { ...track, inPacs: 1, leftOut: 11 } })), 'arrived');
});

test.run();
