import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { beginHistory, redo, STEPS_LIMIT, stepTo, undo } from './mark-history.ts';

type Step = { readonly do: 'undo' | 'redo' } | { readonly do: 'step'; readonly to: number };
const steps = fc.array(
  fc.oneof(
    fc.constantFrom<Step>({ do: 'undo' }, { do: 'redo' }),
    fc.integer().map((to): Step => ({ do: 'step', to })),
  ),
  { maxLength: 300 },
);

test('any steps back and forth lead where a list with a finger on it leads', () => {
  fc.assert(
    fc.property(steps, (taken) => {
      let history = beginHistory(0);
      let list = [0];
      let finger = 0;
      for (const step of taken) {
        if (step.do === 'step') {
          history = stepTo(history, step.to);
          list = [...list.slice(0, finger + 1), step.to].slice(-STEPS_LIMIT - 1);
          finger = list.length - 1;
        } else {
          history = step.do === 'undo' ? undo(history) : redo(history);
          finger = Math.min(list.length - 1, Math.max(0, finger + (step.do === 'undo' ? -1 : 1)));
        }
        assert.is(history.now, list[finger]);
        assert.equal([history.past.length, history.future.length], [finger, list.length - 1 - finger]);
      }
    }),
  );
});

test.run();
