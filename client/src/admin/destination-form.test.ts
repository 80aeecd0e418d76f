/** The form of a destination: what was typed, and what the gateway is asked for. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Destination, DestinationKind } from '#shared/protocol/destination.ts';
import { folderMistake } from './destination-words.ts';
import {
  findTwin,
  freeName,
  isInTheClear,
  readForm,
  toTyped,
  withSecrets,
  type Typed,
} from './destination-form.ts';

const test = suite('the form of a destination');
const typed = (more: Partial<Typed>): Typed => ({
  ...{ ...toTyped(null), name: 'archive', url: 'https://pacs.test/dicom-web', signIn: 'none' },
  ...more,
});
const wishOf = (more: Partial<Typed>) => {
  const read = readForm(typed(more), null);
  assert.is(read.kind, 'wish');
  return (read as Extract<typeof read, { kind: 'wish' }>).wish;
};
/** The field that has the mistake. */
const fieldOf = (more: Partial<Typed>, before: Typed | null = null): string => {
  const read = readForm(typed(more), before);
  return read.kind === 'mistake' ? read.field : 'none';
};
const PEM = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----';

test('asks for what was typed, without what belongs to another way to sign in', () => {
  const basic = { signIn: 'basic', username: 'relay', password: 's', token: 'of before' } as const;
  assert.equal(wishOf(basic), {
    ...{ kind: 'dicomweb', name: 'archive', url: 'https://pacs.test/dicom-web', ca: null, certificate: null },
    authentication: { kind: 'basic', username: 'relay', password: 's' },
  });
});

test('names the first field with a mistake', () => {
  assert.is(fieldOf({ name: 'My PACS' }), 'name');
  assert.is(fieldOf({ url: 'pacs.test' }), 'url');
  assert.is(fieldOf({ url: 'https://me:secret@pacs.test' }), 'url');
  assert.is(fieldOf({ signIn: 'basic', username: 'a:b', password: 's' }), 'username');
  assert.is(fieldOf({ signIn: 'bearer', token: 'two words' }), 'token');
  assert.is(fieldOf({ signIn: 'oauth', tokenUrl: 'https://id.test/token', clientSecret: 's' }), 'clientId');
  assert.is(fieldOf({ ca: 'a path' }), 'ca');
  assert.is(fieldOf({ certificate: PEM }), 'key');
  for (const [signIn, secret] of [
    ['basic', 'password'],
    ['bearer', 'token'],
    ['oauth', 'clientSecret'],
  ] as const) {
    const rest = { signIn, username: 'relay', tokenUrl: 'https://id.test/token', clientId: 'relay' };
    assert.is(fieldOf(rest), secret, 'a new one needs its secret');
    const before = typed(rest);
    assert.is(fieldOf(rest, before), 'none', 'a saved one is kept');
    assert.is(fieldOf({ ...rest, url: 'https://pacs.test/other' }, before), 'none', 'at the same server');
    // The gateway keeps it for none of these (check-wish.ts).
    assert.is(fieldOf({ ...rest, url: 'https://other.test/dicom-web' }, before), secret);
    assert.is(fieldOf({ ...rest, ca: PEM }, before), secret);
    assert.is(fieldOf({ ...rest, ca: PEM, [secret]: 's' }, before), 'none');
    assert.is(fieldOf(rest, { ...before, ca: PEM }), 'none', 'public authorities were trusted before');
    assert.is(fieldOf({ ...rest, signIn: 'none' }, before), 'none');
    assert.is(fieldOf(rest, { ...before, signIn: 'none' }), secret);
  }
  const basic = { signIn: 'basic', username: 'relay' } as const;
  assert.is(fieldOf({ ...basic, username: 'other' }, typed(basic)), 'password');
  const certified = { certificate: PEM };
  assert.is(fieldOf(certified, typed(certified)), 'none');
  assert.is(fieldOf(certified, typed({})), 'key', 'a key belongs to its certificate');
});

const IDLE = {
  ...{ isPrimary: false, viewers: [], worklist: null, fromEnvironment: false, hasStudies: false, need: null },
  tuning: { lagMinutes: null, proof: null, batchBytes: null },
  ...{ refused: null, held: 0, notTaken: 0, underWay: 0, unlisted: null, limit: null },
  ...{ waiting: 0, waitingSince: null, waitingInstances: 0, waitingBytes: 0 },
  ...{ deadLetters: 0, givenUp: 0, copies: { also: 0, required: 0 }, version: 1 },
};

test('begins with what is saved, and with no secret', () => {
  const saved: Destination = {
    ...{ id: '0', kind: 'dicomweb', name: 'cloud', url: 'https://pacs.test', ca: PEM, certificate: PEM },
    ...IDLE,
    authentication: { kind: 'oauth', tokenUrl: 'https://id.test/token', clientId: 'relay', scope: null },
  };
  const read = readForm(toTyped(saved), toTyped(saved));
  const { kind, name, url, ca, certificate, authentication } = saved;
  assert.equal(read, { kind: 'wish', wish: { kind, name, url, ca, certificate, authentication } });
});

test('asks for a folder by its path alone, whatever was typed before', () => {
  const before = { signIn: 'basic', username: 'a:b', ca: PEM, certificate: PEM } as const;
  const wish = { kind: 'folder', name: 'archive', url: 'night/new', ca: null, certificate: null };
  assert.equal(wishOf({ kind: 'folder', url: ' night/new ', ...before }), {
    ...{ ...wish, authentication: { kind: 'none' } },
  });
  for (const url of ['', '/etc', '../up', 'a/../b', '.ssh', 'a//b', 'two words', 'https://pacs.test'])
    assert.is(fieldOf({ kind: 'folder', url }), 'url', url);
  assert.is.not(fieldOf({ kind: 'orthanc', url: 'https://pacs.test/rs' }), 'none');
});

test('takes the part of a folder’s path beneath the root, however it was typed', () => {
  const read = (url: string, name = '') =>
    readForm(typed({ kind: 'folder', name, url }), null, [], '/srv/dicom/');
  for (const url of [
    '/srv/dicom/archive/night',
    'file:///srv/dicom/archive/night/',
    'folder:archive/night',
    'folder:///srv/dicom/archive/night',
    ' folder://archive/night/',
  ])
    assert.match(JSON.stringify(read(url)), '"name":"night","url":"archive/night"', url);
  for (const url of ['', '/etc', '/archive', '/srv/dicom', '/srv/dicomx/a', '/srv/dicom/two words', '/'])
    assert.equal(read(url, 'archive'), { kind: 'mistake', field: 'url' }, url);
  assert.match(folderMistake('/srv/dicom/'), 'Enter the path below /srv/dicom/, for example');
  assert.match(folderMistake(null), 'Enter a path of letters, digits');
});

test('asks for a PACS over DIMSE by host, port and AE titles, and shows what is saved in their fields', () => {
  const peer = { host: 'pacs.ward.test', port: '11112', calledAE: 'MAIN PACS' };
  const before = { kind: 'dimse', signIn: 'basic', username: 'a:b', ca: PEM } as const;
  const wish = { kind: 'dimse', name: 'archive', ca: null, certificate: null };
  const url = 'dimse://RELAYPACS@pacs.ward.test:11112/MAIN%20PACS';
  assert.equal(wishOf({ ...before, ...peer }), { ...wish, url, authentication: { kind: 'none' } });
  const secure = wishOf({ ...before, ...peer, connection: 'tls' });
  assert.equal([secure.url, secure.ca], [url.replace('dimse:', 'dimse-tls:'), PEM]);
  const saved = toTyped({
    ...{ id: '0', kind: 'dimse', name: 'archive', url, ca: null, certificate: null },
    ...IDLE,
    ...{ authentication: { kind: 'none' } },
  });
  assert.equal({ ...saved, ...peer, callingAE: 'RELAYPACS', connection: 'plain', commits: false }, saved);
  assert.is(wishOf({ ...before, ...peer, commits: true }).commitment, true);
});

test('asks for storage commitment of DIMSE and DICOMweb, and of no other kind', () => {
  const asksOf = (kind: DestinationKind, url: string) => wishOf({ kind, url, commits: true }).commitment;
  assert.is(asksOf('dicomweb', 'https://pacs.test/rs'), true);
  assert.is(asksOf('orthanc', 'https://pacs.test/dicom-web'), undefined);
  assert.is(asksOf('folder', 'night'), undefined);
});

test('names the field of a PACS over DIMSE that has the mistake', () => {
  const peer = { kind: 'dimse', host: '10.0.0.5', port: '104', calledAE: 'PACS' } as const;
  const mistakeOf = (more: Partial<Typed>) => fieldOf({ ...peer, ...more });
  assert.is(mistakeOf({}), 'none');
  assert.is(mistakeOf({ host: 'fd00::5' }), 'none');
  assert.is(mistakeOf({ name: 'My PACS', host: '' }), 'name');
  for (const host of ['', 'a b', 'me@pacs', 'pacs/x', 'https://pacs'])
    assert.is(mistakeOf({ host }), 'host', host);
  for (const port of ['', '0', '65536', '104a', '-1']) assert.is(mistakeOf({ port }), 'port', port);
  for (const title of ['', 'x'.repeat(17), 'a\\b', 'é']) {
    assert.is(mistakeOf({ calledAE: title }), 'calledAE', title);
    assert.is(mistakeOf({ callingAE: title }), 'callingAE', title);
  }
});

test('warns of an address over which everybody on the way can read', () => {
  const isRead = (more: Partial<Typed>): boolean => isInTheClear(typed(more));
  assert.ok(isRead({ url: 'http://pacs.ward.test/dicom-web' }));
  assert.ok(isRead({ kind: 'dimse', host: 'pacs.ward.test' }));
  assert.not.ok(isRead({ kind: 'dimse', host: 'pacs.ward.test', connection: 'tls' }));
  for (const host of ['', '127.0.0.1', '::1']) assert.not.ok(isRead({ kind: 'dimse', host }), host);
  const hidden = ['https://pacs.test', 'http://127.0.0.1:8042', 'http://localhost', 'http://[::1]/', 'pacs'];
  for (const url of hidden) assert.not.ok(isRead({ url }), url);
});

test('a new one is named by its address, and asks nobody to sign in without a user name', () => {
  const asked = (more: Partial<Typed>) => {
    const read = readForm({ ...toTyped(null), ...more }, null);
    return read.kind === 'wish' ? [read.wish.name, read.wish.authentication.kind] : [read.field];
  };
  const url = 'https://Archive.Hospital.test/dicom-web';
  assert.equal(asked({ url }), ['archive', 'none']);
  assert.equal(asked({ url, name: ' other ' }), ['other', 'none']);
  assert.equal(asked({ url, username: 'relay', password: 's' }), ['archive', 'basic']);
  assert.equal(asked({ url, username: 'relay' }), ['password']);
  assert.equal(asked({ url: 'http://127.0.0.1:8042/dicom-web' }), ['pacs-127-0-0-1', 'none']);
  assert.equal(asked({ kind: 'folder', url: 'archive/Night_1' }), ['night-1', 'none']);
  const peer = { host: 'fd00::5', port: '104', calledAE: 'PACS' } as const;
  assert.equal(asked({ kind: 'dimse', ...peer }), ['pacs-fd00-5', 'none']);
  assert.equal(asked({}), ['name'], 'nothing was typed');
});

test('a second one of a host gets a name that is free', () => {
  const again = { ...toTyped(null), url: 'https://pacs.test/dicom-web' };
  const read = readForm(again, null, ['default', 'pacs', 'pacs-2']);
  assert.is(read.kind === 'wish' && read.wish.name, 'pacs-3');
  const names = [freeName('pacs', []), freeName('pacs', ['pacs']), freeName('', ['pacs'])];
  assert.equal(names, ['pacs', 'pacs-2', '']);
});

test('a secret that was typed on this page need not be typed again with another authority', () => {
  const before = typed({ signIn: 'basic', username: 'relay' });
  const secrets = { password: 'typed before' };
  const sent = (more: Partial<Typed>) => {
    const read = readForm(withSecrets({ ...before, ...more }, before, secrets), before);
    return read.kind === 'wish' ? (read.wish.authentication as { password?: string }).password : read.field;
  };
  assert.is(sent({ ca: PEM }), 'typed before');
  assert.is(sent({ ca: PEM, password: 'typed now' }), 'typed now');
  // Another server, or another name, is not told it.
  assert.is(sent({ ca: PEM, url: 'https://other.test/dicom-web' }), 'password');
  assert.is(sent({ ca: PEM, username: 'other' }), 'password');
});

test('finds the destination that has the address already, and not one at another path or AE title', () => {
  const shown = (kind: DestinationKind, name: string, url: string): Destination => ({
    ...{ id: '0', kind, name, url, ca: null, certificate: null, authentication: { kind: 'none' } },
    ...IDLE,
  });
  const archive = shown('dicomweb', 'archive', 'https://pacs.test/dicom-web');
  const modality = shown('dimse', 'old', 'dimse://RELAY@pacs.test:104/OLD');
  const twinOf = (more: Partial<Typed>) => findTwin(typed(more), [archive, modality])?.name ?? null;
  assert.is(twinOf({ url: ' https://PACS.test:443/dicom-web/ ' }), 'archive');
  assert.is(twinOf({ kind: 'orthanc' }), 'archive');
  assert.is(twinOf({ url: 'https://pacs.test/other' }), null);
  assert.is(twinOf({ url: '' }), null);
  const peer = { kind: 'dimse', host: 'pacs.test', port: '104', callingAE: 'ELSE' } as const;
  assert.is(twinOf({ ...peer, calledAE: 'OLD' }), 'old');
  assert.is(twinOf({ ...peer, calledAE: 'NEW' }), null);
});

test.run();
