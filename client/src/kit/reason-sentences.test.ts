/** The sentences of a screen about the reasons of the protocol. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isDamaged } from '#shared/protocol/reason-kinds.ts';
import { REASON_CODES, REASONS } from '#shared/protocol/reasons.ts';
import { sentencesOfReason } from './reason-sentences.ts';

const test = suite('the sentences of reasons');
const damaged = REASON_CODES.filter(isDamaged);

test('a damaged file is one sentence for a person, with the precise one as details', () => {
  assert.ok(damaged.length > 15);
  for (const code of damaged) {
    const { title, next, precise } = sentencesOfReason(code);
    assert.is(`${title} ${next}`, 'This file is damaged. Export it again.');
    assert.is(precise, REASONS[code].title);
  }
});

test('no reason with another next step disappears behind that sentence', () => {
  const steps = new Set<string>(damaged.map((code) => REASONS[code].next));
  assert.equal(steps, new Set(['Copy it from its source again.', 'Export the study again.']));
});

test('every other reason keeps its own sentences, and an unknown one has none', () => {
  for (const code of REASON_CODES.filter((each) => !isDamaged(each)))
    assert.equal(sentencesOfReason(code), { ...REASONS[code], precise: null });
  assert.is(sentencesOfReason('from-the-future'), null);
});

test.run();
