/** A link is metered only where the browser says so. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isMetered, linkFactsOf } from './metered.ts';

const facts = (type: string | undefined, saveData = false) => {
  const connection = { ...(type !== undefined && { type }), saveData, addEventListener: () => undefined };
  return linkFactsOf({ connection });
};

test('a browser that does not say what kind of link it has, as on a desktop, says nothing', () => {
  assert.is(linkFactsOf({}), null);
  assert.is(facts(undefined, true), null);
  assert.is(isMetered(null), false);
});

test('mobile data is metered, Wi-Fi and a cable are not, whatever the person saves', () => {
  for (const type of ['cellular', 'wimax', 'bluetooth']) assert.is(isMetered(facts(type)), true, type);
  for (const type of ['wifi', 'ethernet', 'none']) assert.is(isMetered(facts(type, true)), false, type);
});

test('a link of an unknown kind is metered where the person asked the browser to save data', () => {
  for (const type of ['unknown', 'mixed', 'other'])
    assert.equal([isMetered(facts(type)), isMetered(facts(type, true))], [false, true]);
});

test.run();
