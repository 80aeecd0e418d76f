/** A picture that may show a name is hidden with the names, until a person asks for that one. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hideNames } from '../kit/identities.ts';
import { hidingOf, showPicture } from './hidden-pictures.ts';
import { assertEach } from '../testing/assert-each.ts';

const test = suite('hidden pictures');
const FILM = { of: '1.2.3', mayHoldName: true };
const OTHER = { of: '1.2.4', mayHoldName: true };
const ADLER = { id: 'adler', roles: ['radiologist' as const] };
const BERG = { ...ADLER, id: 'berg' };

test.before.each(() => hideNames(false));
test.after(() => hideNames(false));

test('one that may show a name waits for the person who hides names, each by itself', () => {
  assert.is(hidingOf(ADLER, FILM), 'shown');
  hideNames(true);
  assertEach([FILM, OTHER, { ...FILM, mayHoldName: false }], (each) => hidingOf(ADLER, each), [
    'asks',
    'asks',
    'shown',
  ]);
  showPicture(ADLER, FILM);
  assertEach([FILM, OTHER], (each) => hidingOf(ADLER, each), ['shown', 'asks']);
  assert.is(hidingOf(BERG, FILM), 'asks', 'another person has not asked');
  hideNames(false);
  hideNames(true);
  assert.is(hidingOf(ADLER, FILM), 'asks', 'hidden once more');
});

test('a role that is always anonymised is not shown it, whether or not names are hidden, but of its own files', () => {
  const researcher = { id: 'r', roles: ['researcher' as const] };
  for (const isOn of [false, true]) {
    hideNames(isOn);
    showPicture(researcher, FILM);
    assert.is(hidingOf(researcher, FILM), 'never');
    assert.is(hidingOf({ ...researcher, roles: ['technician', 'researcher'] }, FILM), 'never');
    assert.is(hidingOf(researcher, { ...FILM, mayHoldName: false }), 'shown');
    assert.is(hidingOf(researcher, { ...FILM, isOwn: true }), 'shown', 'they chose the file themselves');
  }
  hideNames(false);
  assert.is(hidingOf({ ...researcher, roles: ['researcher', 'admin'] }, FILM), 'shown');
});

test.run();
