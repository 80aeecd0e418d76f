/**
 * The single-key shortcuts of the pages of results, and when they are ignored. WCAG 2.2 SC 2.1.4: never in a field,
 * never with a modifier, and not at all when switched off. The switch has its own button.
 */

export type Command =
  | 'map'
  | 'fainter'
  | 'stronger'
  | 'agree'
  | 'correct'
  | 'change'
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
  u: 'change',
  j: 'next',
  k: 'previous',
  '?': 'keys',
};

/**
 * The relevant parts of a keyboard event. `inField`: the focus is on a field where letters type or choose; `inDialog`:
 * a dialog covers the page.
 */
export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
  /** True on keyboards that need AltGr for `[` and `]`, which also report Ctrl and Alt. */
  readonly altGraph: boolean;
  readonly repeat: boolean;
  readonly inField: boolean;
  readonly inDialog: boolean;
}

/** Only these commands repeat while their key is held. */
const REPEATS: readonly Command[] = ['fainter', 'stronger', 'next', 'previous'];

export function commandOf(press: KeyPress, isOn: boolean): Command | null {
  if (!isOn || press.inField || press.inDialog || press.metaKey) return null;
  if ((press.ctrlKey || press.altKey) && !press.altGraph) return null;
  const command = KEYS[press.key] ?? null;
  return command !== null && press.repeat && !REPEATS.includes(command) ? null : command;
}

/** Fields where letters enter text or choose an option. Sliders, checkboxes and buttons take no letters. */
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
