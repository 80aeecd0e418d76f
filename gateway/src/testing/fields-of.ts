/** The part that a test compares of rows that say more than it asks. */

/** A field of each row, or several fields as a list per row. */
export function fieldsOf<T, K extends keyof T>(rows: Iterable<T>, field: K): T[K][];
export function fieldsOf<T, const K extends readonly (keyof T)[]>(
  rows: Iterable<T>,
  ...fields: K
): { [At in keyof K]: T[K[At]] }[];
export function fieldsOf<T>(rows: Iterable<T>, ...fields: readonly (keyof T)[]): unknown[] {
  return Array.from(rows, (row) => (fields.length === 1 ? row[fields[0]!] : fields.map((one) => row[one])));
}
