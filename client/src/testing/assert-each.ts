import * as assert from 'uvu/assert';

/** Fails unless each row is seen as the expected value in its place. */
export function assertEach<T>(
  rows: Iterable<T>,
  seen: (row: T, at: number) => unknown,
  expected: readonly unknown[],
  message?: string,
): void {
  assert.equal(Array.from(rows, seen), expected, message);
}
