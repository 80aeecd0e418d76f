/** The warnings on the card of a study, under each policy. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Policy } from '#shared/protocol/api.ts';
import { DEIDENTIFIED, IDENTIFIED } from '../../../testing/open-ingest.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import { sentenceOfWarning, sortWarnings } from './warning-words.ts';

const said = (policy: Policy | null): readonly string[] =>
  sortWarnings(['undeclared-text'], policy).loud.map((warning) => sentenceOfWarning(warning, policy));
const under = (undeclaredText: 'hold' | 'warn' | 'send'): Policy => ({
  ...DEIDENTIFIED,
  rules: { undeclaredText },
});

test('images that do not say whether text is burned in: held, told of, or sent without a word, as the policy says', () => {
  const [held] = said(DEIDENTIFIED);
  assert.match(held!, 'Check them');
  assert.equal(said(under('hold')), [held]);
  const [warned, ...others] = said(under('warn'));
  assert.match(warned!, 'sends them anyway');
  assert.equal(others, []);
  assert.equal([said(under('send')), said(IDENTIFIED), said(null)], [[], [], []]);
});

test('an oddity that harms nothing is no remark', () => {
  const { loud, quiet } = sortWarnings(['non-zero-preamble', 'invalid-date'], DEIDENTIFIED);
  assert.equal([loud, quiet], [[], ['invalid-date']]);
});

test('several patients are pointed out above all studies, a face only where names are removed', () => {
  const loud = (policy: Policy) =>
    sortWarnings(['two-patients', 'face', 'burned-in', 'invalid-date'], policy).loud;
  assert.equal(loud(DEIDENTIFIED), ['face', 'burned-in']);
  assert.equal(loud(IDENTIFIED), ['burned-in']);
});

test('a study no longer may show a name once a person has covered or released every image held for it', () => {
  const loud = (answered: readonly ReasonCode[]) =>
    sortWarnings(['burned-in', 'undeclared-text', 'face'], DEIDENTIFIED, new Set(answered)).loud;
  assert.equal(loud([]), ['burned-in', 'undeclared-text', 'face']);
  assert.equal(loud(['burned-in-annotation']), ['undeclared-text', 'face']);
  assert.equal(loud(['burned-in-annotation', 'undeclared-text']), ['face']);
});

test('of two images with one ID it is said which one stays, and only what can be decided afterwards', () => {
  const sentence = sentenceOfWarning('same-uid-differs', DEIDENTIFIED);
  assert.match(sentence, 'The PACS keeps the first one to arrive');
  assert.match(sentence, 'You can then compare both and decide.');
  assert.not.match(sentence, 'You decide');
});

test('each oddity is said in full where it is sent, and left to the images themselves where the policy holds them', () => {
  const sentences = (policy: Policy) =>
    sortWarnings(['pixel-data-missing', 'uid-form'], policy).loud.map((warning) =>
      sentenceOfWarning(warning, policy),
    );
  const sent = sentences(IDENTIFIED);
  assert.is(sent.length, 2);
  for (const sentence of sent) assert.match(sentence, /It is sent unchanged/);
  for (const holds of [{ ...IDENTIFIED, strict: true }, DEIDENTIFIED]) assert.equal(sentences(holds), []);
});

test.run();
