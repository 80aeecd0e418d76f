/** The list of destinations. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DestinationExamination } from '#shared/protocol/destination.ts';
import { hostOf, stateOf, waitsAt } from './destination-marks.ts';

const test = suite('the list of destinations');
const CALM = { refused: null, unlisted: null };
const REFUSED = { status: 500, code: null, bytes: null, at: '2026-05-01T10:00:00Z' };
type Found = DestinationExamination;
const OK: Found = { findings: [], settings: null, verdict: null, milliseconds: 3 };
const FAULT: Found['findings'][number] = { code: 'x', title: 'x', result: 'fail', says: 'x', change: [] };

test('says that a destination works only if nothing contradicts it', () => {
  const said = (some: Partial<typeof OK>, faults: Partial<Parameters<typeof stateOf>[0]> = {}) =>
    stateOf({ ...CALM, ...faults }, { found: { ...OK, ...some }, by: 'reach', running: 'reach' }).said;
  assert.is(said({}), 'Works');
  assert.is(said({}, { refused: REFUSED }), 'Refuses studies');
  assert.is(said({}, { refused: { ...REFUSED, bytes: 1_000_000 } }), 'Needs checking');
  assert.is(said({}, { unlisted: { instances: 2, at: null } }), 'Needs checking');
  assert.is(said({ findings: [FAULT], verdict: FAULT }), 'Fails its test');
});

test('is being checked until the first answer, and not known if there is none', () => {
  assert.is(stateOf(CALM, null).said, 'Checking…');
  const none = { found: null, by: null } as const;
  assert.is(stateOf(CALM, { ...none, running: 'reach' }).said, 'Checking…');
  assert.is(stateOf(CALM, { ...none, running: null }).said, 'Not known');
});

test('names decisions before studies that go on automatically, and nothing where nothing is left', () => {
  const said = (counts: Partial<Parameters<typeof waitsAt>[0]>) =>
    waitsAt({ held: 0, deadLetters: 0, waiting: 0, underWay: 0, ...counts }).flatMap((mark) =>
      mark === false ? [] : [mark.said],
    );
  assert.equal(said({}), []);
  assert.equal(said({ held: 1, deadLetters: 4, waiting: 2, underWay: 5 }), [
    '1 study needs a decision',
    '4 instances not accepted',
    '2 studies waiting',
    '3 studies being sent',
  ]);
  assert.equal(said({ waiting: 2, underWay: 2 }), ['2 studies waiting']);
});

test('tells destinations apart by their hosts', () => {
  assert.is(hostOf('https://pacs.test:8443/dicom-web'), 'pacs.test:8443');
  assert.is(hostOf('archive/night'), 'archive/night');
});

test.run();
