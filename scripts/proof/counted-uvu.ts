/**
 * uvu as the runner gives it to tests: each test must assert, and may skip itself. A suite whose `before` fails
 * fails in each of its tests, with the error; one whose `before` skips is skipped, test by test. (uvu itself
 * leaves such a suite without a word.) An error in `after` or `after.each` is one more failure of the file. (uvu itself
 * drops the files that follow, or the error.) A test that no `run()` follows, or that `only` leaves out, is known. (uvu
 * itself forgets it.)
 */
import { suite as plainSuite, type Callback, type Context, type Test } from 'uvu';
import { judged, noteLateError, noteRun, noteTest, untilEnded, type Registered } from './test-outcome.ts';

/** From one `run()` to the next: the suite `test` serves many files. */
type Course = { readonly tests: Registered[]; stopped: { readonly by: unknown } | null };

export function suite<T = Context>(name?: string, context?: T): Test<T> {
  const plain = plainSuite<T>(name, context);
  let course: Course = { tests: [], stopped: null };
  const handlerOf = (title: string, handler: Callback<T>, isOnly: boolean): Callback<T> => {
    const own = course;
    own.tests.push(noteTest(title, isOnly));
    return judged(title, async (of) => {
      if (own.stopped !== null) throw own.stopped.by;
      await handler(of);
    });
  };
  const before = (handler: Callback<T>): void => {
    const own = course;
    plain.before(async (of) => {
      if (own.stopped !== null) return;
      try {
        await untilEnded(handler(of));
      } catch (error) {
        own.stopped = { by: error };
      }
    });
  };
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
  const test = (title: string, handler: Callback<T>): void => plain(title, handlerOf(title, handler, false));
  const only = (title: string, handler: Callback<T>): void =>
    plain.only(title, handlerOf(title, handler, true));
  const run = (): void => {
    noteRun(course.tests);
    course = { tests: [], stopped: null };
    plain.run();
  };
  const hooks = {
    before: Object.assign(before, plain.before),
    after: Object.assign(after, { each: afterEach }),
  };
  return Object.assign(test, { only, skip: plain.skip, ...hooks, run });
}

export const test: Test = suite();
