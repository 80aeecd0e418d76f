import * as assert from 'uvu/assert';

/** The error with which it fails; that it does not is a failure of the test. */
export const failureOf = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => assert.unreachable('it did not fail'),
    (error: Error) => error,
  ) as Promise<Error>;
