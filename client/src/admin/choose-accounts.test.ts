import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ListedAccount } from './accounts.store.ts';
import { chooseAccounts } from './choose-accounts.ts';

const test = suite('the list of accounts');

const account = (username: string, some: Partial<ListedAccount> = {}): ListedAccount => ({
  id: username,
  username,
  roles: ['technician'],
  disabled: false,
  createdAt: '2026-01-01T00:00:00.000Z',
  lastSignInAt: null,
  sessions: 0,
  devices: 0,
  modalities: [],
  ...some,
});
const ALL = [
  account('room-10'),
  account('Åsa', { lastSignInAt: '2026-05-01T10:00:00.000Z', roles: ['auditor', 'admin'] }),
  account('room-2', { lastSignInAt: '2026-05-02T10:00:00.000Z' }),
  account('ليلى', { roles: ['radiologist'] }),
];
const names = (text: string, sort: Parameters<typeof chooseAccounts>[2] = 'name') =>
  chooseAccounts(ALL, text, sort).map(({ username }) => username);

test('a search finds parts of names and roles, whatever their case; a few words have to fit all', () => {
  assert.equal(names('ROOM'), ['room-2', 'room-10']);
  assert.equal(names('administrator'), ['Åsa']);
  assert.equal(names('åsa auditor'), ['Åsa']);
  assert.equal(names('åsa technician'), []);
  assert.equal(names('لي'), ['ليلى']);
  assert.is(names('  ').length, ALL.length);
  assert.equal(names('.*'), [], 'it is text, not a pattern');
});

test('the order is by name as people count, or by the last sign-in from either end', () => {
  assert.equal(names('room', 'name'), ['room-2', 'room-10']);
  assert.equal(names('', 'recent').slice(0, 2), ['room-2', 'Åsa']);
  assert.equal(names('', 'unused').slice(-2), ['Åsa', 'room-2'], 'those who never signed in come first');
});

test.run();
