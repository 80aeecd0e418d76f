/** The offer to send a sample study to a destination. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { destinationWords } from './destination-words.ts';
import { sampleOffer } from './offer-sample.ts';
import { sendersTo } from './rule-form.ts';

const test = suite('the offer of a sample study');
const FURTHER = { isPrimary: false, need: null, hasStudies: false };

test('is made where studies go, and with new studies where none ever went', () => {
  assert.is(sampleOffer({ ...FURTHER, isPrimary: true }, []), 'send');
  assert.is(sampleOffer({ ...FURTHER, need: 'also', hasStudies: true }, []), 'send');
  assert.is(sampleOffer(FURTHER, []), 'send-here-too');
  assert.is(sampleOffer({ ...FURTHER, hasStudies: true }, []), null);
});

test('does not promise that new studies go there while rules decide first', () => {
  assert.is(sampleOffer(FURTHER, [{ name: 'CT stays', to: [] }]), 'rules-first');
});

test('names the rule that sends studies to this very destination', () => {
  const rules = [
    { name: 'CT there', to: ['a'] },
    { name: 'MR stays', to: [] },
  ];
  assert.is(
    destinationWords.rulesFirst(sendersTo({ id: 'a' }, rules)),
    'Rules are checked first: “CT there” sends matching studies here; “MR stays” applies to some studies.',
  );
  assert.is(
    destinationWords.rulesFirst(sendersTo({ id: 'b' }, rules)),
    'Rules are checked first: “CT there”, “MR stays” apply to some studies.',
  );
});

test.run();
