/** Nobody is told that there is no study before the answer, and what Enter would ask is said. */
import { signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hideNames } from '../kit/identities.ts';
import { asksByItself, standingOf } from './search-standing.ts';
import { createSentStudies, type Search, type WhoseStudies } from './sent-studies.store.ts';

const PSEUDONYM = `RP-${'7'.repeat(25)}K`;
const OWN = { whose: 'own' } as const;
const SHOWN = { hidesPatients: () => false };

test('a whole pseudonym is asked for without Enter, and nothing else is', () => {
  for (const text of [PSEUDONYM, PSEUDONYM.toLowerCase()]) assert.ok(asksByItself(OWN, text), text);
  for (const text of ['', 'RP-', PSEUDONYM.slice(0, -1), `${PSEUDONYM}7`, `${PSEUDONYM.slice(0, -1)}U`])
    assert.not.ok(asksByItself(OWN, text), text);
  assert.not.ok(asksByItself({ whose: 'of-the-site' }, PSEUDONYM));
});

test('the answer is awaited from the last letter on, for this text alone', () => {
  const standing = (search: Search | null, text = PSEUDONYM) =>
    standingOf({ ...OWN, search: signal(search), asksPatients: () => false, ...SHOWN }, text);
  assert.is(standing(null), 'asking');
  assert.is(standing({ text: '1.2.77777', standing: 'answered', isCut: false }), 'asking', 'another one');
  assert.is(standing({ text: PSEUDONYM, standing: 'asking' }), 'asking');
  assert.is(standing({ text: PSEUDONYM, standing: 'answered', isCut: false }), 'here');
  assert.is(standing({ text: PSEUDONYM, standing: 'failed', error: null }), 'failed');
  assert.is(standing({ text: PSEUDONYM, standing: 'failed', error: null }, 'Meier'), 'here');
  assert.is(standing({ text: '', standing: 'asking' }, ''), 'here');
  assert.is(standing({ text: '1.2.77777', standing: 'asking' }, '1.2.77777'), 'here', 'the field was left');
});

test('of the whole site the PACS is asked on Enter, by those who may see names', () => {
  const standing = (asks: boolean, text: string, whose: WhoseStudies = 'of-the-site') =>
    standingOf({ whose, search: signal(null), asksPatients: () => asks, ...SHOWN }, text);
  assert.is(standing(true, 'Fo'), 'on-enter');
  for (const text of ['', 'F', 'F*o', '--']) assert.is(standing(true, text), 'here', text);
  assert.is(standing(false, 'Fontaine'), 'here');
});

test('nobody is told that there is no such patient while names are hidden', () => {
  const hidden = { whose: 'of-the-site', asksPatients: () => false, hidesPatients: () => true } as const;
  const answered = { text: 'Fontaine', standing: 'answered', isCut: false } as const;
  const asking = { text: 'Fontaine', standing: 'asking' } as const;
  for (const search of [null, asking, answered])
    assert.is(standingOf({ ...hidden, search: signal(search) }, 'Fontaine'), 'hidden');
  const failed = { ...answered, standing: 'failed', error: null } as const;
  assert.is(standingOf({ ...hidden, search: signal(failed) }, 'Fontaine'), 'failed');
  assert.is(standingOf({ ...hidden, search: signal(null) }, ''), 'here');
  for (const search of [null, { text: 'CT', standing: 'answered', isCut: false } as const])
    assert.is(standingOf({ ...hidden, search: signal(search) }, 'CT', 3), 'here', 'it found its rows');
});

test('a person’s own studies are not searched for a name while names are hidden', () => {
  const sent = createSentStudies({ json: () => Promise.reject(new Error('not asked')) });
  const standing = () => standingOf(sent, 'Fontaine');
  assert.is(standing(), 'here');
  hideNames(true);
  assert.is(standing(), 'hidden');
  assert.is(standingOf(sent, PSEUDONYM), 'asking');
  hideNames(false);
});

test.run();
