import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { commandOf, type KeyPress } from './keys.ts';

const press = (key: string, some: Partial<KeyPress> = {}): KeyPress => ({
  key,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  altGraph: false,
  repeat: false,
  inField: false,
  inDialog: false,
  ...some,
});

test('a single key does what the help says', () => {
  for (const [key, command] of [
    ['m', 'map'],
    ['[', 'fainter'],
    [']', 'stronger'],
    ['a', 'agree'],
    ['c', 'correct'],
    ['u', 'change'],
    ['j', 'next'],
    ['k', 'previous'],
    ['?', 'keys'],
  ] as const) {
    assert.is(commandOf(press(key), true), command, key);
  }
  assert.is(commandOf(press('x'), true), null);
});

test('keys do nothing in text fields, under a dialog, with a modifier, or when switched off', () => {
  assert.is(commandOf(press('a', { inField: true }), true), null);
  assert.is(commandOf(press('a', { inDialog: true }), true), null);
  assert.is(commandOf(press('c', { ctrlKey: true }), true), null, 'copying is not correcting');
  assert.is(commandOf(press('a', { metaKey: true }), true), null);
  assert.is(commandOf(press('a'), false), null);
});

test('brackets work on keyboards that need AltGr for them', () => {
  assert.is(commandOf(press('[', { ctrlKey: true, altKey: true, altGraph: true }), true), 'fainter');
});

test('holding a key changes the opacity repeatedly, but agrees only once', () => {
  assert.is(commandOf(press(']', { repeat: true }), true), 'stronger');
  assert.is(commandOf(press('a', { repeat: true }), true), null);
});

test.run();
