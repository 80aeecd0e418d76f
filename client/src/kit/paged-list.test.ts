/** A list reads page after page of its last question; a row stands once, and what is known stays without an answer. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createPagedList } from './paged-list.ts';

type Row = { readonly id: number };
type Page = { readonly rows: readonly Row[]; readonly next: string | null; readonly said: string };

const page = (ids: readonly number[], next: string | null = null, said = ''): Page => ({
  rows: ids.map((id) => ({ id })),
  next,
  said,
});

/** `answers`: by question and cursor, which a test may change. */
function open(answers: Record<string, Page | Promise<Page>>) {
  const asked: string[] = [];
  const list = createPagedList<Page, 'rows', string, string>((error) => (error as Error).message, {
    rows: 'rows',
    idOf: ({ id }) => id,
    async read(question, cursor) {
      const path = cursor === null ? question : `${question}/${cursor}`;
      asked.push(path);
      const answer = answers[path];
      if (answer === undefined) throw new Error(`no ${path}`);
      return answer;
    },
    kept: (before, { said }) => ({ said: before.said + said }),
  });
  const ids = () => list.value.value?.rows.map(({ id }) => id);
  return { list, asked, ids };
}

test('pages follow one another to the last, and a row that has moved down stands once', async () => {
  const { list, asked, ids } = open({ a: page([5, 4], '4', 'x'), 'a/4': page([4, 3], null, 'y') });
  await list.load('a');
  await list.more();
  await list.more();
  assert.equal([ids(), list.value.value?.said, asked], [[5, 4, 3], 'xy', ['a', 'a/4']]);
});

test('another question begins a new list, and drops the answer to the one before', async () => {
  const held = Promise.withResolvers<Page>();
  const { list, ids } = open({ a: held.promise, b: page([7], '7'), 'b/7': page([6]), c: page([7], '7') });
  const first = list.load('a');
  await list.load('b');
  held.resolve(page([1], '1'));
  await first;
  assert.equal([ids(), list.answer.value], [[7], { state: 'known', value: page([7], '7'), old: null }]);
  await list.more();
  assert.equal([ids(), list.answer.value.state], [[7, 6], 'known']);
  await list.load('c');
  assert.equal(ids(), [7], 'also where its first page reaches down to what is shown');
});

test('a next page that failed is asked for again, and one is asked for at a time', async () => {
  const answers: Record<string, Page> = { a: page([5], '5') };
  const { list, asked, ids } = open(answers);
  await list.load('a');
  await list.more();
  assert.equal(list.answer.value, { state: 'known', value: page([5], '5'), old: 'no a/5' });
  answers['a/5'] = page([4]);
  await Promise.all([list.again(), list.more()]);
  assert.equal(
    [ids(), asked],
    [
      [5, 4],
      ['a', 'a/5', 'a/5'],
    ],
  );
});

test('a next page is read at once, also during a refresh of the first one', async () => {
  const answers: Record<string, Page | Promise<Page>> = { a: page([5], '5'), 'a/5': page([4]) };
  const { list, asked, ids } = open(answers);
  await list.load('a');
  answers.a = Promise.withResolvers<Page>().promise;
  void list.refresh();
  await list.more();
  assert.equal(
    [ids(), asked],
    [
      [5, 4],
      ['a', 'a', 'a/5'],
    ],
  );
});

test('rows that stay because a new question had no answer go on with their own', async () => {
  const { list, asked, ids } = open({ a: page([5], '5'), 'a/5': page([4]) });
  await list.load('a');
  await list.load('b');
  await list.more();
  assert.equal(
    [ids(), asked],
    [
      [5, 4],
      ['a', 'b', 'a/5'],
    ],
  );
});

test('a refresh keeps the pages below that it reaches down to, and no others', async () => {
  const answers = { a: page([5, 4], '4'), 'a/4': page([3, 2], '2'), 'a/2': page([1]) };
  const { list, ids } = open(answers);
  await list.refresh();
  assert.is(list.value.value, null, 'nothing was asked for yet');
  await list.load('a');
  await list.more();
  answers.a = page([6, 5, 4], '4');
  await list.refresh();
  assert.equal([ids(), list.value.value?.next], [[6, 5, 4, 3, 2], '2']);
  await list.more();
  assert.equal(ids(), [6, 5, 4, 3, 2, 1]);
  answers.a = page([9, 8], '8');
  await list.refresh();
  assert.equal([ids(), list.value.value?.next], [[9, 8], '8']);
  await list.load('a');
  assert.equal(ids(), [9, 8]);
});

test.run();
