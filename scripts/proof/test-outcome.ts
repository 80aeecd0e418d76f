/**
 * Tells apart the three ends of a test that uvu calls one: it passed, it was skipped, or it ran without a
 * single assertion, which proves nothing and fails. `counted-uvu.ts` and `counted-assert.ts` report here.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { inspect } from 'node:util';
import { Skip, TEST_MS } from '#testing/environment.ts';
import { beginTest, keepFailure } from '#testing/failures.ts';
import { NotInstalled } from '../system/not-installed.ts';

/** The assertions of the test that began the work at hand: one left running proves nothing for the next test. */
const counting = new AsyncLocalStorage<{ assertions: number }>();
/** Counter of the test whose turn it is, for work begun before any test, such as a server's answer. */
let current = { assertions: 0 };
const skips: Skip[] = [];
const lateErrors: unknown[] = [];
const failed: string[] = [];

export type Registered = { readonly title: string; readonly isOnly: boolean };
const unrun = new Set<Registered>();

export function countAssertion(): void {
  (counting.getStore() ?? current).assertions += 1;
}

/** Every skip since the last call; each stands for one test, or for the tests that a file did not register. */
export function takeThrownSkips(): Skip[] {
  return skips.splice(0);
}

/** An error of `after` or `after.each`: the tests themselves have been judged. */
export function noteLateError(error: unknown): void {
  lateErrors.push(error);
  void keepFailure(error);
}

let isLoading = true;

/** From now on, no report waits for another test. */
export function endLoading(): void {
  isLoading = false;
}

/** @throws Error once the files are loaded. */
export function noteTest(title: string, isOnly: boolean): Registered {
  if (!isLoading) throw new Error(`"${title}" was registered after its file was loaded: it would not count`);
  const test = { title, isOnly };
  unrun.add(test);
  return test;
}

/** Notes tests that will run; beside one that is marked `only`, no other one will. */
export function noteRun(tests: readonly Registered[]): void {
  const hasOnly = tests.some(({ isOnly }) => isOnly);
  for (const test of tests) if (test.isOnly || !hasOnly) unrun.delete(test);
}

/** The titles of those registered since the last call that will not run. */
export function takeUnrun(): string[] {
  const titles = [...unrun].map(({ title }) => title);
  unrun.clear();
  return titles;
}

/** The titles of the tests that failed since the last call. */
export function takeFailed(): string[] {
  return failed.splice(0);
}

/** Every one since the last call. */
export function takeLateErrors(): unknown[] {
  return lateErrors.splice(0);
}

type Handler<Context> = (context: Context) => Promise<void> | void;

/** @throws Error once it has run so long that it will not end. */
export async function untilEnded(work: Promise<void> | void): Promise<void> {
  const { promise: endless, reject } = Promise.withResolvers<never>();
  const late = setTimeout(() => {
    reject(new Error(`It does not end: ${Math.round(TEST_MS / 1000)} seconds have passed.`));
  }, TEST_MS);
  await Promise.race([work, endless]).finally(() => clearTimeout(late));
}

const isOnPath = (program: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));

/** A test that needs a program which this machine lacks is skipped by name; CI takes no skip. Null: a failure. */
function asSkip(title: string, error: unknown): Skip | null {
  if (error instanceof Skip) return error;
  if (error instanceof NotInstalled) return new Skip(title, error.message);
  const { code, syscall = '', path = '' } = error as { code?: string; syscall?: string; path?: string };
  const isAbsent = code === 'ENOENT' && syscall.startsWith('spawn') && !path.includes('/') && !isOnPath(path);
  return isAbsent ? new Skip(title, `${path} is not installed`) : null;
}

/** @throws what the test throws, unless it skips; an Error when nothing was asserted, or it does not end. */
export function judged<Context>(title: string, handler: Handler<Context>): Handler<Context> {
  return async (context) => {
    const own = { assertions: 0 };
    current = own;
    beginTest(title);
    try {
      await untilEnded(counting.run(own, handler, context));
      if (own.assertions === 0) throw new Error('The test ended without an assertion.');
    } catch (error) {
      const skip = asSkip(title, error);
      if (skip !== null) {
        skips.push(skip);
        return;
      }
      failed.push(title);
      await keepFailure(error);
      // uvu cannot print anything else.
      throw error instanceof Error ? error : new Error(`${inspect(error)} was thrown`);
    }
  };
}
