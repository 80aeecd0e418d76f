/** What a person comes back to: it belongs to an entry of the history, and is nobody else's. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { forgetKept, keepHere, keptHere } from './kept-here.ts';

const PATIENT = 'Roe Richard';
const entry = { state: null as unknown };
const replaceState = (state: unknown): void => {
  entry.state = state;
};
Object.assign(globalThis, {
  history: {
    get state() {
      return entry.state;
    },
    replaceState,
  },
});

test('a search is there again at its own entry of the history, which does not hold it', () => {
  keepHere('cases search', PATIENT);
  const first = entry.state;
  assert.not.match(JSON.stringify(first), PATIENT);
  entry.state = null;
  assert.is(keptHere('cases search'), undefined, 'another entry');
  entry.state = first;
  assert.is(keptHere('cases search'), PATIENT);
  assert.is(keptHere('results row'), undefined);
  keepHere('cases search', '');
  assert.is(keptHere('cases search'), undefined);
});

test('an entry keeps what others wrote into it', () => {
  entry.state = { wanted: 7 };
  keepHere('cases row', '#/cases/1');
  assert.is((entry.state as { wanted: number }).wanted, 7);
  assert.is(keptHere('cases row'), '#/cases/1');
});

test('nothing is left for the next person', () => {
  keepHere('cases search', PATIENT);
  forgetKept();
  assert.is(keptHere('cases search'), undefined);
});

test.run();
