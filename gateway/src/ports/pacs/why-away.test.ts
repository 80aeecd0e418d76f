/** Only what can end by itself is said to: the rest needs an administrator. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FOLDER_OVERFULL, FOREIGN_ENTRY, PacsDoesNotSearch, PacsUnreachable } from './pacs.ts';
import { whyAway } from './why-away.ts';

test('a PACS that is down, busy or slow comes back by itself', () => {
  for (const status of [408, 429, 500, 502, 503, 504])
    assert.is(whyAway(new PacsUnreachable('no', status)), 'pacs-unreachable', `${status}`);
  for (const connection of [
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'silent',
    'not-asked',
    'UND_ERR_SOCKET',
    null,
  ])
    assert.is(whyAway(new PacsUnreachable('no', null, connection)), 'pacs-unreachable', `${connection}`);
});

test('a password or a token that is refused stays refused until somebody corrects it', () => {
  for (const status of [401, 403, 407])
    assert.is(whyAway(new PacsUnreachable('no', status)), 'pacs-refuses-sign-in');
  assert.is(whyAway(new PacsUnreachable('no', 401, 'no-access-token')), 'pacs-refuses-sign-in');
  assert.is(whyAway(new PacsUnreachable('no', null, 'no-access-token')), 'pacs-unreachable');
});

test('a wrong address, certificate, folder or AE title stays wrong until somebody corrects it', () => {
  const connections = [
    ...['CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ...['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'SELF_SIGNED_CERT_IN_CHAIN', 'ERR_SSL_WRONG_VERSION_NUMBER'],
    ...[
      'ENOENT',
      'EACCES',
      'dimse-unknown-called-ae',
      'dimse-unknown-calling-ae',
      'not-orthanc',
      'secrets-unreadable',
      'no-destination',
      FOREIGN_ENTRY,
      FOLDER_OVERFULL,
    ],
  ];
  for (const connection of connections)
    assert.is(whyAway(new PacsUnreachable('no', null, connection)), 'pacs-settings-wrong', connection);
  for (const status of [301, 404, 405])
    assert.is(whyAway(new PacsDoesNotSearch(status)), 'pacs-settings-wrong');
});

test.run();
