/** The defences that `npm run lab -- lying-pacs --without` can switch off are where the list says. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { copyWith } from '#testing/mutated-copy.ts';
import { DEFENCES } from './defences.ts';

test('each defence of the list stands in the gateway, once', async () => {
  const copy = await copyWith(DEFENCES);
  await copy.remove();
  assert.is(new Set(DEFENCES.map(({ what }) => what)).size, DEFENCES.length);
});

test.run();
