/**
 * Single keys of the pages of results: which key means what, and when it means nothing. WCAG 2.2 2.1.4: never
 * in a field, never with a modifier, and not at all where they were switched off: the switch is found by its
 * button.
 */

export type Command =
  | 'map'
  | 'fainter'
  | 'stronger'
  | 'agree'
  | 'correct'
  | 'take-back'
  | 'next'
  | 'previous'
  | 'keys';

const KEYS: Readonly<Record<string, Command>> = {
  m: 'map',
  '[': 'fainter',
  ']': 'stronger',
  '-': 'fainter',
  '+': 'stronger',
  a: 'agree',
  c: 'correct',
  u: 'take-back',
  j: 'next',
  k: 'previous',
  '?': 'keys',
};

/**
 * What of a keyboard event counts. `inField`: the focus is where letters are typed or chosen; `inDialog`:
 * something lies over the page.
 */
export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
  /** Keyboards that need AltGr for `[` and `]` say Ctrl and Alt too. */
  readonly altGraph: boolean;
  readonly repeat: boolean;
  readonly inField: boolean;
  readonly inDialog: boolean;
}

/** Stored keys go on only where that is what is wanted. */
const REPEATS: readonly Command[] = ['fainter', 'stronger', 'next', 'previous'];

export function commandOf(press: KeyPress, isOn: boolean): Command | null {
  if (!isOn || press.inField || press.inDialog || press.metaKey) return null;
  if ((press.ctrlKey || press.altKey) && !press.altGraph) return null;
  const command = KEYS[press.key] ?? null;
  return command !== null && press.repeat && !REPEATS.includes(command) ? null : command;
}

/** Letters typed there are text or choose an option; a slider, a tick and a button take none. */
const TYPED =
  'input:not([type=range], [type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]';

export function pressOf(event: KeyboardEvent): KeyPress {
  const at = event.target instanceof Element ? event.target : null;
  return {
    key: event.key,
    ctrlKey: event.ctrlKey,
    altKey: event.altKey,
    metaKey: event.metaKey,
    altGraph: event.getModifierState('AltGraph'),
    repeat: event.repeat,
    inField: at?.closest(TYPED) != null,
    inDialog: document.querySelector('dialog[open]') !== null,
  };
}
