/** Maps each key to its command while the image has the focus. Pure. */
import type { AnnotationKind } from '#shared/protocol/annotations.ts';
import type { Point } from '../../kit/picture-view.ts';

export type Tool = AnnotationKind | 'select' | 'window';
export const isDrawingTool = (tool: Tool): tool is AnnotationKind => tool !== 'select' && tool !== 'window';
export const TOOL_KEYS: Readonly<Record<Tool, string>> = {
  ...{ select: 'v', window: 'w', point: 'p', arrow: 'a', box: 'b', ellipse: 'e', line: 'f', length: 'l' },
  text: 't',
};
const TOOLS = Object.fromEntries(Object.entries(TOOL_KEYS).map(([tool, key]) => [key, tool as Tool]));

export type KeyCommand =
  | { readonly do: 'tool'; readonly tool: Tool }
  /** In pixels of the image. */
  | { readonly do: 'nudge'; readonly by: Point }
  /** In fractions of the window. */
  | { readonly do: 'pan'; readonly by: Point }
  | { readonly do: 'window'; readonly by: Point }
  | { readonly do: 'zoom'; readonly factor: number }
  | { readonly do: 'step'; readonly by: number }
  | { readonly do: 'enter' | 'remove' | 'undo' | 'redo' | 'away' | 'next-mark' | 'keys' };

interface Key {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

const ARROWS: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};
/** The factor while Shift is held. */
const FAR = 10;
const PAN_STEP = 1 / 8;
export const ZOOM_STEP = 1.5;

const PLAIN: Readonly<Record<string, KeyCommand>> = {
  ...{ '+': { do: 'zoom', factor: ZOOM_STEP }, '=': { do: 'zoom', factor: ZOOM_STEP } },
  ...{ '-': { do: 'zoom', factor: 1 / ZOOM_STEP }, 0: { do: 'zoom', factor: 0 } },
  ...{ PageUp: { do: 'step', by: -1 }, PageDown: { do: 'step', by: 1 } },
  ...{ Delete: { do: 'remove' }, Backspace: { do: 'remove' }, Enter: { do: 'enter' } },
  ...{ Escape: { do: 'away' }, n: { do: 'next-mark' }, '?': { do: 'keys' } },
};

/** Null: the key is not a shortcut of the image. */
export function keyCommand(
  press: Key,
  state: { readonly tool: Tool; readonly hasMark: boolean },
): KeyCommand | null {
  const { key, shiftKey } = press;
  if (press.altKey) return null;
  if (press.ctrlKey || press.metaKey) {
    const letter = key.toLowerCase();
    if (letter === 'z') return { do: shiftKey ? 'redo' : 'undo' };
    return letter === 'y' ? { do: 'redo' } : null;
  }
  const arrow = ARROWS[key];
  if (arrow && state.hasMark) {
    const step = shiftKey ? FAR : 1;
    return { do: 'nudge', by: { x: arrow.x * step, y: arrow.y * step } };
  }
  if (arrow && shiftKey && state.tool === 'window') return { do: 'window', by: arrow };
  if (arrow) return { do: 'pan', by: { x: -arrow.x * PAN_STEP, y: -arrow.y * PAN_STEP } };
  const tool = TOOLS[key.toLowerCase()];
  return tool ? { do: 'tool', tool } : (PLAIN[key] ?? null);
}
