/** Playwright's `expect` as the runner gives it to tests: every call is counted. */
import { expect as plain } from 'playwright/test';
import { countAssertion } from './test-outcome.ts';

type Expect = typeof plain;

function counted(expect: Expect): Expect {
  return new Proxy(expect, {
    apply(target, self, values) {
      countAssertion();
      return Reflect.apply(target, self, values);
    },
    get(target, name) {
      if (name === 'configure')
        return (of: Parameters<Expect['configure']>[0]) => counted(target.configure(of));
      if (name !== 'poll') return Reflect.get(target, name);
      return (...values: Parameters<Expect['poll']>) => {
        countAssertion();
        return target.poll(...values);
      };
    },
  });
}

export const expect = counted(plain);
