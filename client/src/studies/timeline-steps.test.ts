/** The steps of a study are told in an order that contradicts nothing. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { stepsOf, type TimelineEvent } from './timeline-steps.ts';
import { timelineWords } from './timeline-words.ts';
import { valuesOf } from '../testing/values-of.ts';
import { assertEach } from '../testing/assert-each.ts';

const test = suite('the steps of a study');

const UPLOAD = '3f0cb1e4-9b7c-4a51-8ad1-1c2f4f8f9a01';

const event = (name: string, second: number, fields: TimelineEvent['fields'] = {}): TimelineEvent => ({
  at: `2026-11-23T10:00:${String(second).padStart(2, '0')}.000Z`,
  event: name,
  uploadId: UPLOAD,
  fields,
});
const said = (events: readonly TimelineEvent[]) => stepsOf(events).map((step) => step.said);

test('the device says that the last images were sent or being sent: parts may arrive later', () => {
  const names = ['parcel-received', 'upload-completed', 'parcel-received', 'parcel-verified'];
  const steps = stepsOf(names.map((name, at) => event(name, at + 1)));
  assert.equal(valuesOf(steps, 'said'), [
    'A part arrived at the gateway',
    'The device reported that the last images were sent or being sent',
    'A part arrived at the gateway',
    'The gateway checked a part',
  ]);
  assert.is(steps[1]!.at, '2026-11-23T10:00:02.000Z', 'when the device said it');
});

test('a study of which nothing had arrived when it was cancelled was not put together, and no copy was deleted', () => {
  const cancelled = { decision: 'leave-out', cancelled: true, instances: 14, arrived: 0 };
  assert.equal(
    said([
      event('upload-opened', 1),
      event('instances-decided', 2, cancelled),
      event('study-assembled', 3, { revision: 2, 'left-out': 14 }),
      event('receipt-issued', 4, { inPacs: 0 }),
      event('study-evicted', 5, { parcels: 0, held: false }),
    ]),
    [
      'Sending began',
      'Sending was cancelled: 14 images left out, none of them had fully arrived at the gateway',
      'Record issued: no images are in the PACS',
    ],
  );
  assert.equal(
    said([
      event('study-assembled', 1, { 'left-out': 1, received: 4 }),
      event('receipt-issued', 2, { inPacs: 4 }),
      event('study-evicted', 3, { parcels: 2 }),
    ]),
    ['The gateway assembled the study', 'Receipt issued', 'The gateway deleted its copy'],
  );
});

test('a part that arrives after the study was cancelled is not said to be there, until it is wanted again', () => {
  const cancelled = { decision: 'leave-out', cancelled: true, instances: 1, arrived: 0 };
  const parts = [event('parcel-received', 3), event('parcel-verified', 4)];
  const late = [event('instances-decided', 2, cancelled), ...parts];
  const end = [
    'Sending was cancelled: 1 image left out, which had not fully arrived at the gateway',
    'A part arrived after cancelling and was not stored',
  ];
  assert.equal(said(late), end);
  const other = { ...event('parcel-received', 5), uploadId: null };
  for (const wanted of [
    event('upload-opened', 5, { need: 1 }),
    event('instances-decided', 5, { decision: 'retry', instances: 1 }),
  ])
    assert.is(said([...late, wanted, event('parcel-received', 6)]).at(-1), 'A part arrived at the gateway');
  assert.equal(said([...late, other]), [...end, 'A part arrived at the gateway'], 'of another upload');
});

test('a study of which a further destination took nothing is kept, and not said to be nowhere', () => {
  const issued = event('receipt-issued', 1, { inPacs: 0, firstOnly: 1 });
  assert.equal(said([issued, event('study-evicted', 2, { parcels: 0, held: true })]), [
    'Receipt issued: some images are in the first PACS only',
    'The gateway keeps its copy of images that need a decision',
  ]);
});

test('a decision says what a person decided about how many images', () => {
  const decided = (fields: TimelineEvent['fields']) => said([event('instances-decided', 1, fields)]);
  assert.equal(decided({ decision: 'leave-out', instances: 1 }), ['A person left out 1 image']);
  assert.equal(decided({ decision: 'leave-out', instances: 2, cause: 'left-out-other-patient' }), [
    'A person left out 2 images: of another patient',
  ]);
  assert.equal(decided({ decision: 'retry', instances: 2 }), ['A person tried 2 images again']);
  const cancelled = { decision: 'leave-out', cancelled: true };
  for (const [instances, arrived, end] of [
    [1, 0, '1 image left out, which had not fully arrived at the gateway'],
    [5, 2, '5 images left out, 2 of them had arrived at the gateway'],
    [5, 5, '5 images left out, all of them had arrived at the gateway'],
  ] as const)
    assert.equal(decided({ ...cancelled, instances, arrived }), [`Sending was cancelled: ${end}`]);
});

test('a verdict on a result says which', () => {
  const told = (verdict: string) => said([event('result-verified', 1, { verdict })])[0];
  const given = 'A verdict was given on a result';
  const expected = [`${given}: agreed`, `${given}: corrected`, given];
  assertEach(['agreed', 'corrected', 'constructor'], told, expected);
});

test('images that a person covered or released are counted', () => {
  assert.equal(
    said([event('instances-covered', 1, { instances: 2 }), event('instances-released', 2, { instances: 1 })]),
    ['Parts of 2 images covered before sending', '1 image released: it shows no names'],
  );
});

test('an upload with names says so, and why', () => {
  const opened = (fields: TimelineEvent['fields']) => said([event('upload-opened', 1, fields)]);
  assert.equal(opened({ withNames: true, reason: 'patient-request' }), [
    'Sending began, with names: requested by the patient',
  ]);
  assert.equal(opened({ withNames: true }), ['Sending began, with names']);
  assert.equal(opened({ withNames: true, reason: 'constructor' }), ['Sending began, with names']);
  assert.equal(opened({ reason: 'patient-request' }), ['Sending began']);
});

test('two uploads have steps of their own, and those of the gateway say so', () => {
  const other = { ...event('upload-opened', 2), uploadId: '3f0cb1e4-9b7c-4a51-8ad1-1c2f4f8f9a02' };
  const own = { ...event('upload-opened', 3), uploadId: '3f0cb1e4-9b7c-4a51-8ad1-1c2f4f8f9a03' };
  const marks = { ...own, added: { marks: true, models: [] } };
  const report = { ...event('receipt-issued', 4), added: { marks: false, models: ['pneumonia 1.0.0'] } };
  const unknown = { ...own, added: { marks: false, models: [] } };
  assert.equal(said([event('upload-opened', 1), other, marks, unknown, report, event('receipt-issued', 5)]), [
    'Sending began',
    'Sending began',
    'A reader’s marks: created by the gateway',
    'Results: created by the gateway',
    'Report by pneumonia 1.0.0: receipt issued',
    'Receipt issued',
  ]);
});

test('the way of a report to the PACS is one line with its steps beneath, and the verdict stays in sight', () => {
  const GATEWAYS = '3f0cb1e4-9b7c-4a51-8ad1-1c2f4f8f9a02';
  const added = { marks: false, models: ['pneumonia 1.0.0'] };
  const reportOf = (revision: number, second: number): readonly TimelineEvent[] => [
    // A single upload brings every report: it does not know which of them it is about.
    { ...event('upload-opened', second, { revision }), uploadId: GATEWAYS, added: { ...added, models: [] } },
    { ...event('parcel-received', second + 1), uploadId: GATEWAYS, added },
    { ...event('study-assembled', second + 2, { revision, stored: 1, received: 1 }), added },
    { ...event('study-forwarded', second + 3, { revision, posted: 1 }), added },
    event('receipt-issued', second + 4, { revision, inPacs: 1 }),
    { ...event('receipt-issued', second + 4, { revision, inPacs: 1 }), added },
    { ...event('study-evicted', second + 5, { revision, parcels: 1 }), added },
  ];
  const verdict = (second: number) => ({
    ...event('result-verified', second, { verdict: 'agreed' }),
    ...{ uploadId: null, account: 'rosa' },
  });
  const steps = stepsOf([
    event('upload-opened', 1, { revision: 1 }),
    event('receipt-issued', 2, { revision: 1, inPacs: 1 }),
    ...reportOf(2, 10),
    verdict(20),
    ...reportOf(3, 30),
  ]);
  const road = 'Report by pneumonia 1.0.0: created by the gateway, receipt issued';
  assertEach(steps, (step) => [step.said, step.account, step.road.length], [
    ['Sending began', undefined, 0],
    ['Receipt issued', undefined, 0],
    [road, undefined, 7],
    ['A verdict was given on a result: agreed', 'rosa', 0],
    [road, undefined, 7],
  ]);
  assert.equal(valuesOf(steps[2]!.road, 'said'), [
    'Results: created by the gateway',
    'Report by pneumonia 1.0.0: on the way to the PACS',
    'The gateway assembled the study',
    'Report by pneumonia 1.0.0: sent to the PACS',
    'Receipt issued',
    'Report by pneumonia 1.0.0: receipt issued',
    'The gateway deleted its copy',
  ]);
});

test('a report is with the PACS only as far as its steps say, and what a sender brings with it has its own', () => {
  const added = { marks: true, models: [] };
  const of = (name: string, second: number, fields: TimelineEvent['fields'] = {}) => ({
    ...event(name, second, { revision: 2, ...fields }),
    added,
  });
  const opened = of('upload-opened', 1);
  const made = 'A reader’s marks: created by the gateway';
  assert.equal(said([opened, of('study-waiting', 2)]), [made]);
  assert.equal(said([opened, of('receipt-issued', 2, { inPacs: 0 })]), [made]);
  const began = event('upload-opened', 2, { revision: 2 });
  const ended = event('receipt-issued', 3, { revision: 2, inPacs: 1 });
  assert.equal(said([opened, began, ended]), [made, 'Sending began', 'Receipt issued']);
});

test('nothing was handed to a PACS that had all of it, or took none', () => {
  assert.equal(said([event('study-forwarded', 1, { posted: 3, refused: 0 })]), ['Sent to the PACS']);
  assert.equal(said([event('study-forwarded', 1, { posted: 0, refused: 0 })]), []);
  assert.equal(said([event('study-forwarded', 1, { posted: 0, refused: 3 })]), [
    'Sent to the PACS, which accepted none of it',
  ]);
});

test('the same step several times in a row is one line', () => {
  const steps = stepsOf([event('parcel-verified', 1), event('parcel-verified', 2)]);
  assert.equal(valuesOf(steps, 'times'), [2]);
});

test('the same step at two destinations is two lines, each with its name', () => {
  const at = (second: number, destination: string) => ({ ...event('study-forwarded', second), destination });
  const steps = stepsOf([at(1, 'main'), at(2, 'archive'), at(3, 'archive')]);
  assertEach(steps, ({ destination, times }) => `${times} at ${destination}`, ['1 at main', '2 at archive']);
});

test('an image that an administrator gave up at a destination is told with the reason', () => {
  const given = { decision: 'leave-out', instances: 2, because: 'not-needed' };
  assert.is(
    timelineWords.told['instances-decided']?.(given),
    'An administrator gave up 2 images at a destination: they are not needed there',
  );
});

test.run();
