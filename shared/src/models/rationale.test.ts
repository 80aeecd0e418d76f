import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CARDS } from './card.ts';
import { rationaleOfSilence } from './rationale.ts';

test('an image that is most likely a chest film is not said to be none', () => {
  const saidOf = (kind: string, probability: number) =>
    rationaleOfSilence({ kind, probability }, false, false, CARDS.pneumonia).join(' ');
  assert.match(saidOf('CXR', 0.71), /^This may be a chest film, but that is not certain enough \(CXR, 71/);
  assert.match(saidOf('Hand', 0.97), /^This is not a chest film \(most likely Hand, 97/);
});

test.run();
