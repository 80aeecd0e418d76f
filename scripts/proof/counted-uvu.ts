/**
 * uvu as the runner gives it to tests: each test must assert, and may skip itself. A suite whose `before` fails
 * fails in each of its tests, with the error; one whose `before` skips is skipped, test by test; `before.each` does the
 * same to one test. (uvu itself leaves such a suite without a word.) An error in `after` or `after.each` is one more
 * failure of the file. (uvu itself drops the files that follow, or the error.) A test that no `run()` follows, or that
 * `only` leaves out, is known. (uvu itself forgets it.)
 */
import { suite as plainSuite, type Callback, type Context, type Test } from 'uvu';
import { judged, noteLateError, noteRun, noteTest, untilEnded, type Registered } from './test-outcome.ts';

/** From one `run()` to the next: the suite `test` serves many files. */
type Course = {
  readonly tests: Registered[];
  /** Why none of them can run, and why the next one cannot. */
  stopped: { readonly by: unknown } | null;
  stoppedOnce: { readonly by: unknown; isTold: boolean } | null;
};
const newCourse = (): Course => ({ tests: [], stopped: null, stoppedOnce: null });

export function suite<T = Context>(name?: string, context?: T): Test<T> {
  const plain = plainSuite<T>(name, context);
  let course = newCourse();
  const handlerOf = (title: string, handler: Callback<T>, isOnly: boolean): Callback<T> => {
    const own = course;
    own.tests.push(noteTest(title, isOnly));
    return judged(title, async (of) => {
      if (own.stopped !== null) throw own.stopped.by;
      if (own.stoppedOnce !== null) {
        own.stoppedOnce.isTold = true;
        throw own.stoppedOnce.by;
      }
      await handler(of);
    });
  };
  const preparing =
    (handler: Callback<T>, own: Course, stops: 'stopped' | 'stoppedOnce'): Callback<T> =>
    async (of) => {
      if (own.stoppedOnce?.isTold) own.stoppedOnce = null;
      if (own.stopped !== null || own.stoppedOnce !== null) return;
      try {
        await untilEnded(handler(of));
      } catch (error) {
        own[stops] = { by: error, isTold: false };
      }
    };
  /** After a preparation that failed, only the error of the preparation counts. */
  const tidying =
    (handler: Callback<T>, own: Course): Callback<T> =>
    async (of) => {
      try {
        await untilEnded(handler(of));
      } catch (error) {
        if (own.stopped === null && own.stoppedOnce === null) noteLateError(error);
      }
    };
  const before = (handler: Callback<T>): void => plain.before(preparing(handler, course, 'stopped'));
  const beforeEach = (handler: Callback<T>): void =>
    plain.before.each(preparing(handler, course, 'stoppedOnce'));
  const after = (handler: Callback<T>): void => plain.after(tidying(handler, course));
  const afterEach = (handler: Callback<T>): void => plain.after.each(tidying(handler, course));
  const test = (title: string, handler: Callback<T>): void => plain(title, handlerOf(title, handler, false));
  const only = (title: string, handler: Callback<T>): void =>
    plain.only(title, handlerOf(title, handler, true));
  const run = (): void => {
    noteRun(course.tests);
    course = newCourse();
    plain.run();
  };
  const hooks = {
    before: Object.assign(before, { each: beforeEach }),
    after: Object.assign(after, { each: afterEach }),
  };
  return Object.assign(test, { only, skip: plain.skip, ...hooks, run });
}

export const test: Test = suite();
