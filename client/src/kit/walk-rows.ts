/** From row to row of a list by the arrow keys, as in the lists of a PACS. `rows`: each in a line of its own. */
type Rows = readonly HTMLElement[];

/** The row in whose line the focus is; -1: none. */
export const focusedRow = (rows: Rows): number =>
  rows.findIndex((row) => row.parentElement?.contains(document.activeElement) ?? false);

/** Whether the key led to another row. */
export function walkRows(event: KeyboardEvent, rows: Rows): boolean {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const next = step === undefined ? undefined : rows[focusedRow(rows) + step];
  if (next === undefined) return false;
  next.focus();
  event.preventDefault();
  return true;
}
