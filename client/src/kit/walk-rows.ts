/**
 * Moves the focus from row to row of a list with the arrow keys, or j and k, as PACS lists do. `rows`: one element in
 * each line.
 */
type Rows = readonly HTMLElement[];

/** The index of the row whose line, or what belongs to it below, contains the focus; -1: none. */
export const focusedRow = (rows: Rows): number =>
  rows.findIndex((row) => {
    const line = row.closest('li, tr') ?? row;
    const below = line.nextElementSibling?.closest('.list-under');
    return line.contains(document.activeElement) || below?.contains(document.activeElement) === true;
  });

/** Returns whether the key moved the focus to another row. */
export function walkRows(event: KeyboardEvent, rows: Rows): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  const next = step === undefined ? undefined : rows[focusedRow(rows) + step];
  if (next === undefined) return false;
  next.focus();
  event.preventDefault();
  return true;
}
