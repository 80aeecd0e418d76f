/** Where a page leads once something is done. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { leadFromHere } from './lead-from-here.ts';

const at = (hash: string) => ({ location: { hash } }) as Window;

test('a person who waits is led on, and one who has gone to another page stays there', () => {
  const waiting = at('#/');
  leadFromHere(waiting)('#/studies');
  assert.is(waiting.location.hash, '#/studies');
  const gone = at('#/');
  const lead = leadFromHere(gone);
  gone.location.hash = '#/results';
  lead('#/studies');
  assert.is(gone.location.hash, '#/results');
});

test.run();
