/** The steps of a study are told in an order that contradicts nothing. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { stepsOf, type TimelineEvent } from './timeline-steps.ts';

const test = suite('the steps of a study');

const UPLOAD = '3f0cb1e4-9b7c-4a51-8ad1-1c2f4f8f9a01';

const event = (name: string, second: number, fields: TimelineEvent['fields'] = {}): TimelineEvent => ({
  at: `2026-11-23T10:00:${String(second).padStart(2, '0')}.000Z`,
  event: name,
  uploadId: UPLOAD,
  fields,
});
const said = (events: readonly TimelineEvent[]) => stepsOf(events).map((step) => step.said);

test('the device has sent all of it once the last part has arrived', () => {
  const steps = stepsOf([
    event('parcel-received', 1),
    event('upload-completed', 2),
    event('parcel-verified', 3),
    event('parcel-received', 4),
    event('parcel-verified', 5),
  ]);
  assert.equal(
    steps.map((step) => step.said),
    [
      'A part arrived at the gateway',
      'The gateway checked a part of it',
      'A part arrived at the gateway',
      'The device has sent all of it',
      'The gateway checked a part of it',
    ],
  );
  assert.is(steps[3]!.at, '2026-11-23T10:00:04.000Z', 'with the moment at which that became true');
});

test('a part of another upload does not move it', () => {
  const other = { ...event('parcel-received', 3), uploadId: '3f0cb1e4-9b7c-4a51-8ad1-1c2f4f8f9a02' };
  assert.equal(said([event('upload-completed', 2), other]), [
    'The device has sent all of it',
    'A part arrived at the gateway',
  ]);
});

test('nothing was handed to a PACS that had all of it, or took none', () => {
  assert.equal(said([event('study-forwarded', 1, { posted: 3, refused: 0 })]), ['Handed to the PACS']);
  assert.equal(said([event('study-forwarded', 1, { posted: 0, refused: 0 })]), []);
  assert.equal(said([event('study-forwarded', 1, { posted: 0, refused: 3 })]), [
    'Handed to the PACS, which took none of it',
  ]);
});

test('the same step several times in a row is one line', () => {
  const steps = stepsOf([event('parcel-verified', 1), event('parcel-verified', 2)]);
  assert.equal(
    steps.map(({ times }) => times),
    [2],
  );
});

test('the same step at two destinations is two lines, each with its name', () => {
  const at = (second: number, destination: string) => ({ ...event('study-forwarded', second), destination });
  assert.equal(
    stepsOf([at(1, 'main'), at(2, 'archive'), at(3, 'archive')]).map((step) => [
      step.destination,
      step.times,
    ]),
    [
      ['main', 1],
      ['archive', 2],
    ],
  );
});

test.run();
