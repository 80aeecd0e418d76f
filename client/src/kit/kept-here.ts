/**
 * What a person saw in a list, for when they come back to it: the text of a search, and the row that they opened. It
 * belongs to an entry of the browser's history, and is kept in memory alone, because it may be a patient's name.
 */
const kept = new Map<string, string>();

/** The mark of the history's current entry. */
function entryHere(): string {
  const state: unknown = history.state;
  const entries = typeof state === 'object' && state !== null ? state : {};
  if ('entry' in entries && typeof entries.entry === 'string') return entries.entry;
  const entry = crypto.randomUUID();
  history.replaceState({ ...entries, entry }, '');
  return entry;
}

/** `of`: which of the things that are kept for this entry. */
export function keepHere(of: string, value: string): void {
  const key = `${entryHere()} ${of}`;
  if (value === '') kept.delete(key);
  else kept.set(key, value);
}

export const keptHere = (of: string): string | undefined => kept.get(`${entryHere()} ${of}`);

/** When another person is there, or nobody. */
export const forgetKept = (): void => kept.clear();
