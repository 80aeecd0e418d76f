/** A search that finds nothing says what can be searched for, and when this device has forgotten the names. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ApiProblem, Unreachable } from '../net/api-client.ts';
import { queuedStudy } from '../testing/queued-study.ts';
import { studiesWords as words } from './studies-words.ts';
import { whyIncomplete, whyNone } from './why-none.ts';

const OWN = { whose: 'own', asksPatients: () => false, hidesPatients: () => false } as const;
const site = (asks: boolean) =>
  ({ whose: 'of-the-site', asksPatients: () => asks, hidesPatients: () => false }) as const;

test('says what can be searched for, and that names are gone only where they are', () => {
  assert.match(whyNone([], OWN)[0]!, /name or ID, day sent .*, receipt, complete pseudonym \(RP-…\) or UID/);
  const labelled = { study: queuedStudy({ label: 'A. M. …100' }) };
  assert.not.ok(whyNone([labelled], OWN).includes(words.namesGone));
  for (const study of [queuedStudy({}), null])
    assert.ok(whyNone([labelled, { study }], OWN).includes(words.namesGone));
  assert.equal(whyNone([{ study: null }], site(false)), [words.searchableAtSite]);
  assert.equal(whyNone([{ study: null }], site(true)), [
    words.searchableByPatient,
    'A study sent without names can’t be found by the patient’s name. Search for its sender, date or pseudonym.',
  ]);
});

test('offers no search by name while names are hidden', () => {
  const hidden = { ...OWN, hidesPatients: () => true };
  assert.equal(whyNone([{ study: null }], hidden), [words.searchableNameless]);
});

test('says who did not answer, and what to do about it', () => {
  const refused = (code: string, title: string) =>
    new ApiProblem(502, { type: 'about:blank', title, status: 502, code, correlationId: 'x' }, null);
  const said = [
    whyIncomplete(refused('pacs-unreachable', 'No.')),
    whyIncomplete(refused('pacs-without-dicomweb', 'No.')),
    whyIncomplete(refused('rate-limited', 'Too many requests.')),
    whyIncomplete(new Unreachable('no network')),
  ];
  assert.is(new Set(said).size, 4);
  assert.ok(said.every((each) => each.startsWith(words.searchIncomplete)));
  assert.match(said[0]!, /PACS is not responding\. Search again/);
  assert.match(said[1]!, /receipt or UID instead/);
  assert.match(said[2]!, /Too many requests/);
  assert.match(said[3]!, /gateway is not responding/);
});

test.run();
