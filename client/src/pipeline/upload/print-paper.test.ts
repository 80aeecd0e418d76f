/** A receipt is on paper as it is known when the printer takes it, and never on the screen. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createPaper } from './print-paper.ts';

/** A page and its drawn sheet. */
function openPaper() {
  const page = new EventTarget();
  const drawn: (string | null)[] = [];
  const paper = createPaper<string>(page, (sheet) => void drawn.push(sheet));
  return { drawn, paper, tell: (event: string) => page.dispatchEvent(new Event(event)) };
}

test('a code that is drawn after the printing has begun comes onto the paper', () => {
  const { drawn, paper, tell } = openPaper();
  paper.put('receipt');
  tell('beforeprint');
  assert.equal(drawn, ['receipt']);
  paper.put('receipt with its code');
  assert.equal(drawn, ['receipt', 'receipt with its code']);
  tell('afterprint');
  assert.equal(drawn.at(-1), null);
});

test('the screen holds no sheet before, after, or once the page is left', () => {
  const { drawn, paper, tell } = openPaper();
  paper.put('receipt');
  paper.put('receipt with its code');
  assert.equal(drawn, []);
  tell('beforeprint');
  assert.equal(drawn, ['receipt with its code']);
  paper.close();
  tell('beforeprint');
  assert.equal(drawn, ['receipt with its code', null]);
});

test.run();
