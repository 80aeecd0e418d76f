/** A search that finds nothing says what can be searched for, and when this device has forgotten the names. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { queuedStudy } from '../testing/queued-study.ts';
import { studiesWords as words } from './studies-words.ts';
import { whyNone } from './why-none.ts';

test('says what can be searched for, and that names are gone only where they are', () => {
  assert.match(whyNone([], true)[0]!, /name or ID, a date .*, a receipt or a UID/);
  const labelled = { study: queuedStudy({ label: 'A. M. …100' }) };
  assert.not.ok(whyNone([labelled], true).includes(words.namesGone));
  for (const study of [queuedStudy({}), null])
    assert.ok(whyNone([labelled, { study }], true).includes(words.namesGone));
  assert.equal(whyNone([{ study: null }], false), [words.searchableAtSite]);
});

test.run();
