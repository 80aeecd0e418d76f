/** The status line follows the newest answer about the link, and asks often enough to notice the end of a bad one. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { giveTurns } from '../testing/open-api.ts';
import type { Link } from './link.ts';
import { watchLink } from './watch-link.ts';

const WELL = { status: 'ok', database: 'ok', pacs: 'ok', disk: 'ok', certificate: 'none' };

/** `known` begins as `link`; each question of the gateway waits for its own answer. */
function watched(link: Link) {
  const asked: PromiseWithResolvers<Response>[] = [];
  let known = link;
  let change = (): void => undefined;
  let timers: { readonly work: () => void; left: number }[] = [];
  watchLink({
    baseUrl: '/api',
    fetch() {
      const question = Promise.withResolvers<Response>();
      asked.push(question);
      return question.promise;
    },
    isOnline: () => true,
    isHidden: () => false,
    onChange: (listener) => (change = listener),
    later: (work, ms) => void timers.push({ work, left: ms }),
    known: () => known,
    tell: (now) => (known = now),
  });
  return {
    asked,
    known: () => known,
    hear: (now: Link) => (known = now),
    onlineAgain: () => change(),
    async answer(nth: number) {
      asked[nth]!.resolve(Response.json(WELL));
      await giveTurns();
    },
    async silence(nth: number) {
      asked[nth]!.reject(new DOMException('signal timed out', 'TimeoutError'));
      await giveTurns();
    },
    /** Lets so many seconds pass. */
    async pass(seconds: number) {
      for (let second = 0; second < seconds; second += 1) {
        for (const timer of timers) timer.left -= 1000;
        const due = timers.filter(({ left }) => left <= 0);
        timers = timers.filter(({ left }) => left > 0);
        for (const { work } of due) work();
        await giveTurns();
      }
    },
  };
}

test('a question from before the link came back says nothing about it any more', async () => {
  const { asked, known, onlineAgain, answer, silence } = watched('offline');
  onlineAgain();
  assert.is(asked.length, 2);
  await answer(1);
  assert.is(known(), 'online');
  await silence(0);
  assert.is(known(), 'online');
});

test('a bad link is asked about every five seconds, also while earlier questions have no answer', async () => {
  const { asked, known, answer, pass } = watched('gateway-unreachable');
  await pass(5);
  assert.is(asked.length, 2);
  await answer(1);
  assert.is(known(), 'online');
  await pass(29);
  assert.is(asked.length, 2, 'a good link is asked about rarely');
});

test('a link that somebody else found bad is asked about soon', async () => {
  const { asked, answer, hear, pass } = watched('online');
  await answer(0);
  await pass(4);
  hear('gateway-unreachable');
  await pass(1);
  assert.is(asked.length, 2);
});

test.run();
