/** The offer to send a sample study to a destination. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sampleOffer } from './offer-sample.ts';

const test = suite('the offer of a sample study');
const FURTHER = { isPrimary: false, need: null, hasStudies: false };

test('is made where studies go, and with new studies where none ever went', () => {
  assert.is(sampleOffer({ ...FURTHER, isPrimary: true }, []), 'send');
  assert.is(sampleOffer({ ...FURTHER, need: 'also', hasStudies: true }, []), 'send');
  assert.is(sampleOffer(FURTHER, []), 'send-here-too');
  assert.is(sampleOffer({ ...FURTHER, hasStudies: true }, []), null);
});

test('does not promise that new studies go there while rules decide first', () => {
  assert.is(sampleOffer(FURTHER, ['CT stays']), 'rules-first');
});

test.run();
