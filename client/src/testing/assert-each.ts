import * as assert from 'uvu/assert';

/** What is seen of each row is what was expected of it. */
export function assertEach<T>(
  rows: Iterable<T>,
  seen: (row: T, at: number) => unknown,
  expected: readonly unknown[],
  message?: string,
): void {
  assert.equal(Array.from(rows, seen), expected, message);
}
