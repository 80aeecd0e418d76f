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

/** Whether the key is for the page, and not for a field or a dialog. */
const isForPage = ({ target }: KeyboardEvent): boolean =>
  target instanceof Element &&
  target.closest('input:not([type=checkbox]), select, textarea, dialog') === null;

/** The slash key focuses the search of the page. */
export function focusSearch(event: KeyboardEvent) {
  if (event.key !== '/' || !isForPage(event)) return;
  event.preventDefault();
  document.querySelector<HTMLElement>('main input[type=search]')?.focus();
}

/** Returns whether the key moved the focus to another row. */
export function walkRows(event: KeyboardEvent, rows: Rows): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || !isForPage(event)) return false;
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  const next = step === undefined ? undefined : rows[focusedRow(rows) + step];
  if (next === undefined) return false;
  next.focus();
  event.preventDefault();
  return true;
}
