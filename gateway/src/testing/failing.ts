/** The end of work that fails. */
import * as assert from 'uvu/assert';

/** The error that it throws; null: none. */
export const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

/** Asserts that the work fails with this kind of error, which is returned. */
export async function failsWith<E extends Error>(
  work: Promise<unknown>,
  kind: abstract new (...args: never[]) => E,
  because?: string,
): Promise<E> {
  const error = await failureOf(work);
  assert.instance(error, kind as never, because);
  return error as E;
}

/** The code of the problem that it ends with; null: it is done. */
export const problemOf = async (work: Promise<unknown>): Promise<unknown> =>
  ((await failureOf(work)) as { code?: unknown } | null)?.code ?? null;
