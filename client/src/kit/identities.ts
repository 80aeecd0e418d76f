/**
 * All identities are shown through these functions. *Hide names* is one switch for all pages of a device, for a
 * demonstration, a screenshot or a person looking over one's shoulder. It hides names, Patient IDs, birth dates and
 * texts that may contain a name. Pictures that may show a name are drawn only on request (viewer/hidden-pictures.ts).
 * Nothing is hidden in another program's viewer.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import { formatDicomDate, formatPersonName } from './format.ts';
import { kitWords } from './kit-words.ts';

export const HIDE_NAMES_KEY = 'relaypacs-anonymise';
const ON = '1';

/** Workers and tests have no storage. */
const stored = (): boolean => globalThis.localStorage?.getItem(HIDE_NAMES_KEY) === ON;
const isOn = signal(stored());
/** Follows a change of the switch in another tab. */
globalThis.addEventListener?.('storage', ({ key }) => {
  if (key === HIDE_NAMES_KEY) isOn.value = stored();
});

export const namesHidden: ReadonlySignal<boolean> = isOn;

export function hideNames(on: boolean): void {
  globalThis.localStorage?.setItem(HIDE_NAMES_KEY, on ? ON : '0');
  isOn.value = on;
}

/** A Person Name as one line. Null: there is no name. */
export function nameSaid(value: string | null | undefined): string | null {
  const name = formatPersonName(value);
  return name !== null && isOn.value ? kitWords.nameHidden : name;
}

/** A Patient ID, an accession number, or a text that may contain a name. Empty: there is none, or it is hidden. */
export const identitySaid = (value: string | null | undefined): string =>
  isOn.value ? '' : (value?.trim() ?? '');

/** A text that somebody typed, which may contain a name. A hidden text is shown as hidden, not as missing. */
export const typedSaid = (text: string): string => (isOn.value && text !== '' ? kitWords.textHidden : text);

/** A birth date, YYYYMMDD. Null: there is none, or it is hidden. */
export const bornSaid = (value: string | null | undefined): string | null =>
  isOn.value ? null : formatDicomDate(value);
