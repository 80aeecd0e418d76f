/** The browser asks before a choice is lost, and the next page says that it was. */
import { signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { watchChoice } from './lost-choice.ts';

/** Pages of one device, one after the other. */
function device() {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  return function open() {
    const events = new EventTarget();
    const page = events as unknown as Window;
    const unsafe = signal(0);
    const chosen = signal(0);
    const lost = watchChoice({ page, storage, unsafe, chosen });
    const happen = (name: string) => events.dispatchEvent(new Event(name, { cancelable: true }));
    /** Whether it goes without a question. */
    const leaves = () => happen('beforeunload');
    return { unsafe, chosen, lost, leaves, happen };
  };
}

test('the browser asks while studies are chosen or being made safe, and not otherwise', () => {
  const { unsafe, chosen, leaves } = device()();
  assert.ok(leaves());
  chosen.value = 6;
  assert.not(leaves());
  chosen.value = 0;
  unsafe.value = 2;
  assert.not(leaves());
});

test('the page after a reload says what was not sent, until something is chosen again', () => {
  const open = device();
  const first = open();
  first.chosen.value = 6;
  first.happen('pagehide');
  const second = open();
  assert.is(second.lost.value, 6);
  second.chosen.value = 1;
  assert.is(second.lost.value, 0);
  second.chosen.value = 0;
  second.happen('pagehide');
  assert.is(open().lost.value, 0, 'said once');
});

test('a page that comes back with its choice has lost nothing', () => {
  const open = device();
  const first = open();
  first.chosen.value = 6;
  first.happen('pagehide');
  first.happen('pageshow');
  assert.is(open().lost.value, 0);
});

test.run();
