/**
 * uvu as the runner gives it to tests: each test must assert, and may skip itself. A suite whose `before` fails
 * fails in each of its tests, with the error; one whose `before` skips is skipped, test by test. (uvu itself
 * leaves such a suite without a word.) An error in `after` or `after.each` is one more failure of the file. (uvu itself
 * drops the files that follow, or the error.)
 */
import { suite as plainSuite, type Callback, type Context, type Test } from 'uvu';
import { judged, noteLateError, untilEnded } from './test-outcome.ts';

export function suite<T = Context>(name?: string, context?: T): Test<T> {
  const plain = plainSuite<T>(name, context);
  let stopped: { readonly by: unknown } | null = null;
  const handlerOf = (title: string, handler: Callback<T>): Callback<T> =>
    judged(title, async (of) => {
      if (stopped !== null) throw stopped.by;
      await handler(of);
    });
  const before = (handler: Callback<T>): void =>
    plain.before(async (of) => {
      if (stopped !== null) return;
      try {
        await untilEnded(handler(of));
      } catch (error) {
        stopped = { by: error };
      }
    });
  const noted =
    (handler: Callback<T>): Callback<T> =>
    async (of) => {
      try {
        await untilEnded(handler(of));
      } catch (error) {
        noteLateError(error);
      }
    };
  const after = (handler: Callback<T>): void => plain.after(noted(handler));
  const afterEach = (handler: Callback<T>): void => plain.after.each(noted(handler));
  const test = (title: string, handler: Callback<T>): void => plain(title, handlerOf(title, handler));
  const only = (title: string, handler: Callback<T>): void => plain.only(title, handlerOf(title, handler));
  const { skip, run } = plain;
  const hooks = {
    before: Object.assign(before, plain.before),
    after: Object.assign(after, { each: afterEach }),
  };
  return Object.assign(test, { only, skip, ...hooks, run });
}

export const test: Test = suite();
