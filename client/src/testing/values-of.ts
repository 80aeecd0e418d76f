/** The value of each row, or several as a tuple: `valuesOf(rows, 'path', 'reason')`. */
export function valuesOf<T, K extends keyof T>(rows: Iterable<T>, key: K): T[K][];
export function valuesOf<T, const K extends readonly (keyof T)[]>(
  rows: Iterable<T>,
  ...keys: K
): { -readonly [N in keyof K]: T[K[N]] }[];
export function valuesOf<T>(rows: Iterable<T>, ...keys: (keyof T)[]): unknown[] {
  return Array.from(rows, (row) => (keys.length === 1 ? row[keys[0]!] : keys.map((key) => row[key])));
}
