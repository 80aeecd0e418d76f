import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sumOf } from './count-reasons.ts';
import { hasArrived, milestoneOf, placesOf, type TrackState } from './track-state.ts';
import { valuesOf } from '../../testing/values-of.ts';

const track = (some: Partial<TrackState>): TrackState => ({
  ...{ total: 516, onDevice: 0, onItsWay: 0, atGateway: 0, inPacs: 0, needsYou: 0, leftOut: 0 },
  ...{ waitingFor: null, ...some },
});
/** The places of a track in words, those after `from`. */
const places = (some: Partial<TrackState>, from = 0) =>
  placesOf(track(some))
    .slice(from)
    .map(({ place, count, look }) => `${place} ${count} ${look}`);
const passed = (some: Partial<TrackState>) => valuesOf(placesOf(track(some)), 'passed');

test('each leg shows the share that has passed it', () => {
  const quarters = { onDevice: 129, onItsWay: 129, atGateway: 129, inPacs: 129 };
  assert.equal(passed(quarters), [0.75, 0.5, 0.25, 0]);
  assert.equal(valuesOf(placesOf(track(quarters)), 'look'), ['holding', 'holding', 'holding', 'confirmed']);
});

test('only instances confirmed by the PACS are green, and refused ones never pass the last leg', () => {
  const refused = { inPacs: 513, needsYou: 3 };
  assert.equal(places(refused, 2), ['gateway 0 empty', 'pacs 513 confirmed', 'needs-you 3 needs-you']);
  assert.is(passed(refused)[1], 1);
  assert.ok(passed(refused)[2]! < 1);
  assert.not.ok(hasArrived(track(refused)));
  assert.ok(hasArrived(track({ inPacs: 513, leftOut: 3 })));
});

test('instances that were left out have an amber place of their own, so that the places add up', () => {
  assert.equal(places({ total: 5, inPacs: 4, leftOut: 1 }, 3), ['pacs 4 confirmed', 'left-out 1 waiting']);
  const both = placesOf(track({ total: 5, inPacs: 3, leftOut: 1, needsYou: 1 }));
  assert.is(sumOf(both.map(({ count }) => ({ instances: count }))), 5);
});

test('a fifth place appears only when something needs a person, and held instances pass no leg', () => {
  assert.is(places({ inPacs: 516 }).length, 4);
  const held = { onDevice: 500, needsYou: 16 };
  const nowhere = ['way 0 empty', 'gateway 0 empty', 'pacs 0 empty'];
  assert.equal(places(held), ['device 500 holding', ...nowhere, 'needs-you 16 needs-you']);
  assert.equal(passed(held), [0, 0, 0, 0, 0]);
});

test('waiting is shown at the place that waits', () => {
  assert.is(placesOf(track({ onDevice: 516, waitingFor: 'offline' }))[1]!.look, 'waiting');
  assert.is(placesOf(track({ atGateway: 516, waitingFor: 'pacs-unreachable' }))[2]!.look, 'waiting');
});

test('a study in the PACS shows no waiting when the network is lost before the receipt arrives', () => {
  const arrived = placesOf(track({ inPacs: 516, waitingFor: 'offline' }));
  assert.equal(valuesOf(arrived, 'look'), ['empty', 'empty', 'empty', 'confirmed']);
});

test('a study of no instances draws an empty track', () => {
  assert.ok(placesOf(track({ total: 0 })).every((place) => place.passed === 0 && place.look === 'empty'));
});

test('a screen reader hears quarters, not instances', () => {
  const spoken = new Set<string>();
  for (let inPacs = 0; inPacs <= 516; inPacs += 1)
    spoken.add(milestoneOf(track({ inPacs, atGateway: 516 - inPacs })));
  assert.is(spoken.size, 5);
});

test.run();
