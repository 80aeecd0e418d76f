/** A start is waited for as long as it moves, and what is dead is named. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { untilReady, type Starting } from './until-ready.ts';

const alive = new Promise<never>(() => {});

/** A start that answers after so many looks. */
function starting(looks: number, of: Partial<Starting> = {}) {
  const said: string[] = [];
  let seen = 0;
  const start: Starting = {
    name: 'The gateway',
    isReady: async () => {
      seen += 1;
      return seen > looks;
    },
    exited: alive,
    signOfLife: () => seen,
    step: () => 'opening its database',
    say: (line) => void said.push(line),
    silentMs: 0,
    tellEveryMs: 0,
    ...of,
  };
  return { start, said };
}

const faultOf = (start: Starting): Promise<string> =>
  untilReady(start).then(
    () => 'ready',
    (error: Error) => error.message,
  );

test('one that shows a sign of life at each look is waited for, whatever the clock says, and it is told', async () => {
  const { start, said } = starting(5);
  await untilReady(start);
  assert.is(said.length, 5);
  assert.match(said[0]!, /^The gateway is opening its database \(0 s\) …$/);
});

test('one that is silent is dead, and the step in which it stood is named', async () => {
  const { start } = starting(Infinity, { signOfLife: () => 'the same' });
  assert.is(
    await faultOf(start),
    'The gateway showed no sign of life for 0 s while it was opening its database; it was ended.',
  );
});

test('one that ends is told at once, with its exit code and step', async () => {
  const { start } = starting(Infinity, { exited: Promise.resolve(1) });
  assert.is(
    await faultOf(start),
    'The gateway ended before it was ready (1) while it was opening its database.',
  );
});

test('one that has ended is not ready, though another program answers in its place', async () => {
  const { start } = starting(0, { exited: Promise.resolve(1) });
  assert.match(await faultOf(start), 'The gateway ended before it was ready (1)');
});

test('a start that is given up ends the waiting', async () => {
  const { start } = starting(Infinity, { signal: AbortSignal.abort(new Error('Given up.')) });
  assert.is(await faultOf(start), 'Given up.');
});

test.run();
