/** The count of what scripts and modalities sent and a person decides about. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Waiting } from '#shared/protocol/not-taken.ts';
import { json, openTestApi, unreachable, untilRead } from '../testing/open-api.ts';
import { valuesOf } from '../testing/values-of.ts';
import { needsWords } from './needs-words.ts';
import { createSentElsewhere } from './sent-elsewhere.ts';

const test = suite('the count of instances that were sent from elsewhere');
const OWN: Waiting = { notTaken: 1, held: 2, transfers: 0 };
const ALL: Waiting = { notTaken: 3, held: 4, transfers: 5 };

/** Answers are given by the test, in any order. */
function openQuestions() {
  const waiting: ((counted: Waiting) => void)[] = [];
  const { api, asked } = openTestApi(
    () => new Promise((give) => waiting.push((counted) => give(json(counted)))),
  );
  return { list: createSentElsewhere(api), asked, waiting };
}

test('is one number, and the last one stays without a network', async () => {
  const answers = [() => json(ALL), unreachable];
  const { api, asked } = openTestApi(() => answers.shift()!());
  const list = createSentElsewhere(api);
  assert.is(list.count.value, 0);
  await list.refresh(true);
  assert.is(list.count.value, 12);
  await list.refresh(false);
  assert.equal(list.waiting.value.value, ALL);
  assert.equal(valuesOf(asked, 'path'), ['/uploads/waiting?all=1', '/uploads/waiting']);
});

test('an answer that comes after that of a later question changes nothing', async () => {
  const { list, waiting } = openQuestions();
  const first = list.refresh(true);
  assert.ok(await untilRead(() => waiting.length === 1));
  const second = list.refresh(false);
  assert.ok(await untilRead(() => waiting.length === 2));
  waiting[1]!(OWN);
  await second;
  waiting[0]!(ALL);
  await first;
  assert.equal(list.waiting.value.value, OWN);
});

test('an answer that comes once the person has gone is nobody’s', async () => {
  const { list, waiting } = openQuestions();
  const asked = list.refresh(true);
  assert.ok(await untilRead(() => waiting.length === 1));
  list.forget();
  waiting[0]!(ALL);
  await asked;
  assert.is(list.waiting.value.value, null);
  void list.refresh(false);
  assert.ok(await untilRead(() => waiting.length === 2));
  waiting[1]!(OWN);
  assert.ok(await untilRead(() => list.count.value === 3));
  list.forget();
  assert.is(list.count.value, 0);
});

test('a transfer of a modality counts as one, and is called no instance', () => {
  const said = (count: number, transfers: number) => needsWords.total(count, transfers);
  assert.is(said(3, 1), '2 images need your decision, 1 transfer needs your decision');
  assert.equal([said(2, 2), said(1, 0)], ['2 transfers need your decision', '1 image needs your decision']);
});

test.run();
