import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { speakerOf, stepFor, type Speaker, type Step } from './tus-answers.ts';

const EXPECTED: readonly (readonly [status: number, from: Speaker, step: Step, code?: string])[] = [
  [200, 'tus', 'done'],
  [201, 'tus', 'done'],
  [204, 'tus', 'done'],
  [200, 'foreign', 'not-believed'],
  [302, 'foreign', 'not-believed'],
  [307, 'tus', 'not-believed'],
  [0, 'foreign', 'not-believed'],
  [401, 'coded', 'renew-right'],
  [401, 'foreign', 'not-believed'],
  [400, 'coded', 'refused'],
  [400, 'tus', 'refused'],
  [400, 'foreign', 'not-believed'],
  [403, 'coded', 'refused'],
  [403, 'foreign', 'not-believed'],
  [407, 'foreign', 'not-believed'],
  [404, 'coded', 'create-again'],
  [404, 'tus', 'create-again'],
  [404, 'foreign', 'not-believed'],
  [410, 'tus', 'create-again'],
  [410, 'coded', 'create-again'],
  [410, 'foreign', 'not-believed'],
  [408, 'foreign', 'wait'],
  [409, 'tus', 'ask-offset'],
  [409, 'foreign', 'ask-offset'],
  [409, 'coded', 'refused', 'policy-withdrawn'],
  [409, 'coded', 'copy-unreadable', 'seal-key-unknown'],
  [412, 'tus', 'refused'],
  [415, 'coded', 'refused'],
  [422, 'coded', 'refused'],
  [413, 'coded', 'refused', 'body-too-large'],
  [413, 'foreign', 'smaller'],
  [423, 'tus', 'wait'],
  [423, 'foreign', 'wait'],
  [429, 'coded', 'wait'],
  [429, 'foreign', 'wait'],
  [460, 'coded', 'ask-offset'],
  [460, 'tus', 'ask-offset'],
  [500, 'coded', 'wait'],
  [502, 'foreign', 'wait'],
  [503, 'coded', 'wait'],
  [504, 'foreign', 'wait'],
  [511, 'foreign', 'not-believed'],
  [507, 'coded', 'wait-for-room'],
  [507, 'foreign', 'wait-for-room'],
];

test('every status has one step, and answers of a proxy are distinguished from the gateway’s', () => {
  for (const [status, from, step, code] of EXPECTED)
    assert.is(stepFor(status, from, code ?? null), step, `${status} from ${from} ${code ?? ''}`);
});

test('an HTML page is foreign; a code or a tus header is ours; a bare 404 may be', () => {
  const html = new Headers({ 'content-type': 'text/html; charset=utf-8' });
  assert.is(speakerOf(200, html, null), 'foreign');
  assert.is(speakerOf(404, html, null), 'foreign');
  assert.is(speakerOf(404, new Headers(), null), 'tus');
  assert.is(speakerOf(200, new Headers(), null), 'foreign');
  assert.is(speakerOf(412, new Headers({ 'tus-resumable': '1.0.0' }), null), 'tus');
  assert.is(speakerOf(404, new Headers(), 'not-found'), 'coded');
});

test.run();
