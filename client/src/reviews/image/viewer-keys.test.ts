import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { keyCommand, TOOL_KEYS, type Tool } from './viewer-keys.ts';

const press = (
  key: string,
  held: 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey' | null = null,
  more = {},
) => ({
  ...{ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false },
  ...(held && { [held]: true }),
  ...more,
});
const idle = { tool: 'select' as Tool, hasMark: false };

test('each tool has a letter of its own, and no letter has a second meaning', () => {
  const letters = Object.values(TOOL_KEYS);
  assert.is(new Set(letters).size, letters.length);
  for (const [tool, key] of Object.entries(TOOL_KEYS))
    assert.equal(keyCommand(press(key), idle), { do: 'tool', tool });
});

test('arrows move a chosen mark by a pixel, with Shift by ten; without one they move the image', () => {
  const marked = { ...idle, hasMark: true };
  assert.equal(keyCommand(press('ArrowLeft'), marked), { do: 'nudge', by: { x: -1, y: 0 } });
  assert.equal(keyCommand(press('ArrowDown', 'shiftKey'), marked), { do: 'nudge', by: { x: 0, y: 10 } });
  assert.is(keyCommand(press('ArrowLeft'), idle)?.do, 'pan');
  assert.is(keyCommand(press('ArrowLeft', 'shiftKey'), { ...idle, tool: 'window' })?.do, 'window');
});

test('steps are undone and done again as everywhere; the browser keeps its own keys', () => {
  for (const held of ['ctrlKey', 'metaKey'] as const) {
    assert.equal(keyCommand(press('z', held), idle), { do: 'undo' });
    assert.equal(keyCommand(press('Z', held, { shiftKey: true }), idle), { do: 'redo' });
    for (const key of ['p', 'a', 'f', '+', 't', 'w']) assert.is(keyCommand(press(key, held), idle), null);
  }
  for (const key of ['Tab', 'F5', 'ArrowLeft', ' ']) assert.is(keyCommand(press(key, 'altKey'), idle), null);
  assert.is(keyCommand(press('Tab'), idle), null);
});

test.run();
