/** A value is loading, known or failed; nothing that is not known is taken for known. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createResource } from './resource.ts';

const open = () => createResource<string, string>((error) => (error as Error).message);

/** A question that waits for its answer, and notes whether it was given up. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let until: AbortSignal | null = null;
  const question = (signal: AbortSignal): Promise<string> => {
    until = signal;
    return promise;
  };
  const refuse = (why: string): void => reject(new Error(why));
  return { question, resolve, refuse, isGivenUp: () => until?.aborted ?? null };
}

test('a value is loading until its question is answered, and known from then on', async () => {
  const of = open();
  assert.equal(of.answer.value, { state: 'loading' });
  const { question, resolve } = held();
  const asked = of.ask(question);
  assert.equal([of.answer.value.state, of.value.value, of.isAsking.value], ['loading', null, true]);
  resolve('three');
  await asked;
  assert.equal(of.answer.value, { state: 'known', value: 'three', old: null });
  assert.equal([of.value.value, of.isAsking.value], ['three', false]);
});

test('a question without an answer has failed, and a person who asks again waits for the new answer', async () => {
  const of = open();
  const answers = [() => Promise.reject(new Error('no network')), () => Promise.resolve('three')];
  await of.ask(() => answers.shift()!());
  assert.equal(of.answer.value, { state: 'failed', trouble: 'no network' });
  const again = of.again();
  assert.equal(of.answer.value, { state: 'loading' });
  await again;
  assert.is(of.value.value, 'three');
});

test('a refresh that fails keeps the last value and says that it is old, until the next answer', async () => {
  const of = open();
  await of.ask(() => Promise.resolve('three'));
  await of.ask(() => Promise.reject(new Error('no network')));
  assert.equal(of.answer.value, { state: 'known', value: 'three', old: 'no network' });
  of.change((value) => `${value} and a half`);
  assert.equal(of.answer.value, { state: 'known', value: 'three and a half', old: 'no network' });
  await of.ask(() => Promise.resolve('four'));
  assert.equal(of.answer.value, { state: 'known', value: 'four', old: null });
});

test('the answer to a later question wins, whenever the earlier one ends and however', async () => {
  for (const end of ['answered', 'refused'] as const) {
    const of = open();
    const first = held();
    const second = held();
    const asked = [of.ask(first.question), of.ask(second.question)];
    assert.is(first.isGivenUp(), true);
    second.resolve('later');
    await asked[1];
    if (end === 'answered') first.resolve('earlier');
    else first.refuse('given up');
    await asked[0];
    assert.equal(of.answer.value, { state: 'known', value: 'later', old: null }, end);
  }
});

test('a value that a change has told is newer than the question under way', async () => {
  const of = open();
  const { question, resolve } = held();
  const asked = of.ask(question);
  of.take('changed');
  resolve('before the change');
  await asked;
  assert.equal([of.value.value, of.isAsking.value], ['changed', false]);
});

test('a value that answers another question is forgotten, and nothing is changed in its place', async () => {
  const of = open();
  await of.ask(() => Promise.resolve('three'));
  of.forget();
  of.change(() => 'four');
  assert.equal(of.answer.value, { state: 'loading' });
});

test('closing ends the question under way, whose answer changes nothing, and no other is asked', async () => {
  const of = open();
  const { question, refuse, isGivenUp } = held();
  const asked = of.ask(question);
  of.close();
  assert.is(isGivenUp(), true);
  refuse('given up');
  await asked;
  await of.ask(() => Promise.resolve('three'));
  assert.equal(of.answer.value, { state: 'loading' });
});

test.run();
