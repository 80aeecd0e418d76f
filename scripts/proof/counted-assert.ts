/** uvu/assert as the runner gives it to tests: every call is counted. */
import * as plain from 'uvu/assert';
import { countAssertion } from './test-outcome.ts';

type Assert = (...values: never[]) => void;

const countedAlone =
  (assert: Assert): Assert =>
  (...values) => {
    countAssertion();
    assert(...values);
  };

/** The same function, with the functions on it (`is.not`, `not.equal`). */
function counted<Fn extends Assert>(assert: Fn): Fn {
  const parts = Object.entries(assert as unknown as Record<string, Assert>);
  const countedParts = parts.map(([name, part]) => [name, countedAlone(part)]);
  return Object.assign(countedAlone(assert), Object.fromEntries(countedParts)) as unknown as Fn;
}

export const { Assertion } = plain;
export const ok: typeof plain.ok = counted(plain.ok);
export const is: typeof plain.is = counted(plain.is);
export const equal: typeof plain.equal = counted(plain.equal);
export const type: typeof plain.type = counted(plain.type);
export const instance: typeof plain.instance = counted(plain.instance);
export const match: typeof plain.match = counted(plain.match);
export const snapshot: typeof plain.snapshot = counted(plain.snapshot);
export const fixture: typeof plain.fixture = counted(plain.fixture);
export const throws: typeof plain.throws = counted(plain.throws);
export const not: typeof plain.not = counted(plain.not);
export const unreachable: typeof plain.unreachable = counted(plain.unreachable);
