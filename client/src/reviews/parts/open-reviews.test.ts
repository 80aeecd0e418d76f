/** The count of reviews that wait for somebody. */
import { signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Answered, Outbox } from '../../outbox/outbox.ts';
import { createOutboxes } from '../../outbox/outboxes.ts';
import { giveTurns, json, openTestApi, unreachable, untilRead } from '../../testing/open-api.ts';
import { createOpenReviews, COUNTED } from './open-reviews.ts';

const page = (length: number, next: string | null = null) =>
  json({ reviews: Array.from({ length }, () => ({})), next });

test('the count is the gateway’s, and stays while it cannot be reached', async () => {
  const answers = [() => page(2), unreachable, () => page(COUNTED, '2~9')];
  const { api, asked } = openTestApi(() => answers.shift()!());
  const reviews = createOpenReviews(api, signal(null));
  const counts: (number | null)[] = [reviews.count.value];
  for (let times = 0; times < 3; times += 1) {
    await reviews.refresh();
    counts.push(reviews.count.value);
  }
  assert.equal(counts, [null, 2, 2, COUNTED + 1]);
  assert.ok(asked.every(({ path }) => path.startsWith('/reviews?list=todo&')));
});

test('an answer for the person before is not shown to the next', async () => {
  const answering = Promise.withResolvers<Response>();
  const going = Promise.withResolvers<void>();
  const { api } = openTestApi(() => {
    going.resolve();
    return answering.promise;
  });
  const reviews = createOpenReviews(api, signal(null));
  const asking = reviews.refresh();
  await going.promise;
  reviews.forget();
  answering.resolve(page(7));
  await asking;
  assert.is(reviews.count.value, null);
});

test('a step that is sent, also one that was kept before, is counted at once', async () => {
  const answers = [page(2), page(1)];
  const { api, asked } = openTestApi(() => answers.shift()!);
  const outboxes = createOutboxes(signal('berg'));
  const answered = signal<Answered | null>(null);
  outboxes.of('berg', () => ({ statements: signal([]), answered }) as unknown as Outbox);
  const reviews = createOpenReviews(api, outboxes.answered);
  const hear = (): void => {
    answered.value = { said: {} as Answered['said'] };
  };
  hear();
  assert.is(asked.length, 0, 'nobody reads here yet');
  await reviews.refresh();
  assert.is(reviews.count.value, 2);
  hear();
  assert.ok(await untilRead(() => reviews.count.value === 1));
  reviews.forget();
  hear();
  await giveTurns();
  assert.is(asked.length, 2, 'the next person is not counted before a page asks');
});

test.run();
