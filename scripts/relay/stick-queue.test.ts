/** The queue of `relay send` ends the wait for instances that the file does not hold, and no other wait. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CarriedAnswer } from '#shared/protocol/stick.ts';
import { createStickQueue, NotInFile } from './stick-queue.ts';

const PARCEL = 'a0000000-0000-4000-8000-000000000001';
const ANSWER: CarriedAnswer = {
  uploadId: 'a0000000-0000-4000-8000-000000000002',
  studyInstanceUID: '1.2.3',
  revision: 1,
  have: [],
  need: [{ sopInstanceUID: '1.2.3.4', digest: '0'.repeat(64) }],
  conflict: [],
  parcels: [],
};

/** A queue, and what it does when the gateway has answered so at that second. */
function openQueue() {
  const clock = { seconds: 0 };
  const queue = createStickQueue(ANSWER, {
    whole: [],
    onProgress: () => undefined,
    now: () => clock.seconds * 1000,
  });
  return async (seconds: number, answer: CarriedAnswer): Promise<'waits' | 'ends'> => {
    clock.seconds = seconds;
    queue.note(answer);
    try {
      const { done } = await queue.parcelsFor('1.2.3', answer.need)[Symbol.asyncIterator]().next();
      assert.ok(done);
      return 'waits';
    } catch (error) {
      assert.instance(error, NotInFile);
      return 'ends';
    }
  };
}

test('instances that no parcel holds end the command after half a minute', async () => {
  const at = openQueue();
  assert.equal([await at(0, ANSWER), await at(29, ANSWER), await at(30, ANSWER)], ['waits', 'waits', 'ends']);
});

test('while parcels of another machine are received or verified, the wait has not begun', async () => {
  const at = openQueue();
  const verifying = { ...ANSWER, begun: [PARCEL] };
  assert.is(await at(29, verifying), 'waits');
  assert.is(await at(600, verifying), 'waits');
  assert.is(await at(601, ANSWER), 'waits');
  assert.is(await at(631, ANSWER), 'ends');
});

test.run();
