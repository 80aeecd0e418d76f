/** The question of what the PACS still has of a study: in parts, and for as long as somebody waits for the answer. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { IN_PACS_AT_ONCE } from '#shared/protocol/in-pacs.ts';
import type { ApiClient } from '../../../net/api-client.ts';
import { askInPacs } from './ask-in-pacs.ts';
import { valuesOf } from '../../../testing/values-of.ts';

const test = suite('the PACS');
const UIDS = Array.from({ length: 2 * IN_PACS_AT_ONCE + 1 }, (_, nth) => `1.2.3.${nth}`);
type Question = { readonly sopInstanceUIDs: readonly string[] };

/** A gateway whose PACS has deleted the first of each question. */
function gateway(onQuestion: (nth: number) => void = () => undefined) {
  const questions: (readonly string[])[] = [];
  const signals: (AbortSignal | undefined)[] = [];
  const api: Pick<ApiClient, 'json'> = {
    async json(_path, schema, { body, signal } = {}) {
      const { sopInstanceUIDs } = body as Question;
      questions.push(sopInstanceUIDs);
      signals.push(signal);
      onQuestion(questions.length);
      signal?.throwIfAborted();
      return schema.parse({ gone: sopInstanceUIDs.slice(0, 1) });
    },
  };
  return { api, questions, signals };
}

test('is asked in parts what it still has of a study', async () => {
  const { api, questions, signals } = gateway();
  const { signal } = new AbortController();
  const there = await askInPacs(api, '1.2.3', UIDS, signal);
  assert.equal(valuesOf(questions, 'length'), [IN_PACS_AT_ONCE, IN_PACS_AT_ONCE, 1]);
  assert.is(there?.size, UIDS.length - 3);
  assert.ok(signals.every((each) => each === signal));
});

test('is no longer asked once nobody waits for the answer', async () => {
  const left = new AbortController();
  const { api, questions } = gateway(() => left.abort());
  const reason = await askInPacs(api, '1.2.3', UIDS, left.signal).catch((error: unknown) => error);
  assert.is(reason, left.signal.reason);
  assert.is(questions.length, 1);
});

test.run();
