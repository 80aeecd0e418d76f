/** uvu as the runner gives it to tests: each test must assert, and may skip itself. */
import { suite as plainSuite, type Callback, type Context, type Test } from 'uvu';
import { judged } from './test-outcome.ts';

export function suite<T = Context>(name?: string, context?: T): Test<T> {
  const plain = plainSuite<T>(name, context);
  const test = (title: string, handler: Callback<T>): void => plain(title, judged(handler));
  const only = (title: string, handler: Callback<T>): void => plain.only(title, judged(handler));
  const { skip, before, after, run } = plain;
  return Object.assign(test, { only, skip, before, after, run });
}

export const test: Test = suite();
