import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AUDIT_EVENTS } from '#shared/protocol/audit-events.ts';
import type { AuditNames } from '#shared/protocol/audit-page.ts';
import { auditWords } from './audit-words.ts';
import { describeEvent, wordOf } from './describe-event.ts';
import { valuesOf } from '../testing/values-of.ts';

const test = suite('an event in plain words');

const DEVICE = '3f2a91c0-0000-4000-8000-000000000001';
const NAMES: AuditNames = {
  accounts: { a: 'anna', b: 'bert' },
  keys: { k: 'night export' },
  cases: { c: 12 },
  devices: { [DEVICE]: 'Chrome on Windows' },
  destinations: { d: 'Main PACS', renamed: 'New name' },
  peers: { p: 'CT in room 2' },
  studies: { '1.2.3': '6f1c2d3e-0000-4000-8000-000000000001' },
};
const describe = (event: string, fields: Record<string, unknown> = {}) =>
  describeEvent({ seq: 1, at: '2026-05-01T10:00:00.000Z', event, fields, hash: '' }, NAMES);

test('says who did it and to whom, and who did it without an account', () => {
  const disabled = describe('user-disabled', { accountId: 'b', by: 'a' });
  assert.equal([disabled.who, disabled.what, disabled.more], ['anna', 'Disabled an account', ['bert']]);
  const own = describe('password-set', { accountId: 'a', by: 'a' });
  assert.equal([own.who, own.whomId], ['anna', null]);
  assert.is(describe('login', { accountId: 'a', address: '10.0.0.7' }).from, 'from 10.0.0.7');
  const failed = describe('login-failed', { because: 'unknown-user', address: '10.0.0.8' });
  assert.equal(
    [failed.who, failed.more, failed.from, failed.outcome],
    ['Someone without an account', ['no such account'], 'from 10.0.0.8', 4],
  );
  assert.is(describe('device-enrolled', { accountId: 'a', deviceId: 'd' }).from, null);
  const { more } = describe('device-enrolled', { accountId: 'a', deviceId: DEVICE });
  assert.equal(more, ['Chrome on Windows (3f2a91c0)'], 'which one');
  const { what } = describe('upload-opened', { policy: 'gateway.results' });
  assert.is(what, 'Started storing results in a study', 'nobody sends one');
  assert.is(describe('study-forwarded', {}).who, 'The gateway');
  assert.is(describe('user-added', { accountId: 'b', by: null }).who, 'bert', 'the first administrator');
  assert.is(
    describe('user-deleted', { accountId: '3f2a91c0-0000', by: 'a' }).more[0],
    'An account that was removed (3f2a91c0)',
  );
  const ended = describe('logout', { accountId: 'b', by: 'a', everywhere: true });
  assert.is(ended.what, 'Ended the sessions of an account');
});

test('tells a device that was locked from a person who signed out', () => {
  const { who, what } = describe('locked', { accountId: 'b' });
  assert.equal(
    [who, what, AUDIT_EVENTS.locked.kind],
    ['bert', 'Locked the device, or it locked automatically', 'sign-ins'],
  );
});

test('tells a mistyped password that changes nothing from a failed sign-in', () => {
  const fields = { accountId: 'a', because: 'wrong-password' };
  const { what, more, outcome } = describe('password-change-failed', fields);
  assert.equal([what, more, outcome], ['Could not change the password', ['wrong password'], 4]);
});

test('names the destination, key, modality, policy, model or template that was changed', () => {
  const said = (event: string, fields: object) => {
    const { what, more } = describe(event, { by: 'a', ...fields });
    return [what, ...more].join(' · ');
  };
  const gone = '3f2a91c0-0000-4000-8000-000000000009';
  const peer = { peerId: 'p', aeTitle: 'CT2', accountId: 'b' };
  for (const [event, fields, what] of [
    ['destination-made', { destinationId: 'd', name: 'Main PACS' }, 'Added destination “Main PACS”'],
    [
      'destination-tuned',
      { destinationId: 'renamed', name: 'Old' },
      'Changed the request settings of destination “Old”',
    ],
    ['destination-deleted', { destinationId: gone, name: 'Old' }, 'Deleted destination “Old”'],
    ['study-given-up', { destinationId: 'd' }, 'Gave up additional destination “Main PACS” of a study'],
    [
      'study-resumed',
      { destinationId: gone },
      'Sent a study to destination “3f2a91c0”, which had been given up',
    ],
    ['study-resumed', { destinationId: '' }, 'Sent a study to a destination that had been given up'],
    ['api-key-made', { keyId: 'k', accountId: 'b' }, 'Created API key “night export” · bert'],
    ['api-key-revoked', { keyId: gone, accountId: 'b' }, 'Revoked API key “3f2a91c0” · bert'],
    ['dimse-peer-changed', peer, 'Changed modality “CT in room 2” · bert'],
    ['dimse-peer-deleted', { ...peer, peerId: gone }, 'Deleted modality “CT2” · bert'],
    ['policy-changed', { policy: 'research', version: 3 }, 'Changed policy “research” · version 3'],
    [
      'model-activated',
      { model: 'fracture', version: '1.2.0' },
      'Activated model “fracture” · version 1.2.0',
    ],
    [
      'export-template-made',
      { template: 'registry', version: 1 },
      'Created export template “registry” · version 1',
    ],
    ['review-type-made', { reviewType: 'second', version: 2 }, 'Created review type “second” · version 2'],
    ['rules-changed', { kind: 'forwarding', version: 'f00' }, 'Changed the rules for where studies go'],
    ['rules-changed', { kind: 'later' }, 'Changed the rules'],
    [
      'rules-changed',
      { kind: 'forwarding', changed: ['Night', 'CT'] },
      'Changed the rules for where studies go: “Night”, “CT”',
    ],
    ['quota-changed', { accountId: null }, 'Changed the quota of accounts without their own'],
    ['quota-changed', { accountId: 'a' }, 'Changed their own quota'],
    ['quota-changed', { accountId: 'b' }, 'Changed a quota · bert'],
  ] as const)
    assert.is(said(event, fields), what);
});

test('does not say that a key or a modality did what was done to it', () => {
  assert.is(describe('api-key-revoked', { keyId: 'k', accountId: 'b', by: 'a' }).from, null);
  assert.is(describe('dimse-peer-made', { peerId: 'p', accountId: 'b', by: 'a' }).from, null);
  assert.is(describe('upload-opened', { peerId: 'p', accountId: 'b' }).from, 'by a modality');
});

test('counts a look at the patient of a case as reading', () => {
  assert.is(AUDIT_EVENTS['case-patients-read'].kind, 'reading');
});

test('says what a person decided about images of a study', () => {
  const decided = (fields: object) => {
    const { what, more } = describe('instances-decided', { by: 'a', instances: 3, ...fields });
    return [what, ...more];
  };
  assert.equal(decided({ decision: 'leave-out' }), ['Left out images of a study', '3 images']);
  assert.equal(decided({ decision: 'leave-out', cause: 'left-out-name' }), [
    'Left out images of a study',
    '3 images',
    'may show a name',
  ]);
  assert.equal(decided({ decision: 'retry' }), ['Tried images of a study again', '3 images']);
  assert.equal(decided({ decision: 'leave-out', cancelled: true, arrived: 1 }), [
    'Cancelled sending a study',
    '3 images left out, 1 of them had arrived at the gateway',
  ]);
});

test('does not say that a study was handed over, or is safe, of which the PACS has nothing', () => {
  for (const [event, fields, what] of [
    ['study-forwarded', { posted: 0, refused: 0 }, 'Had no images of a study left to send to the PACS'],
    ['study-forwarded', { posted: 0, refused: 3 }, 'Sent a study to the PACS, which accepted none of it'],
    ['study-forwarded', { posted: 3, refused: 0 }, 'Sent a study to the PACS'],
    ['receipt-issued', { inPacs: 0 }, 'Issued a record: no images are in the PACS'],
    ['receipt-issued', { inPacs: 2 }, 'Issued a receipt'],
    ['receipt-issued', {}, 'Issued a receipt'],
  ] as const)
    assert.is(describe(event, fields).what, what);
});

test('names the study, the case, the API key and what was read', () => {
  const sent = describe('upload-opened', { by: 'a', deviceId: 'd', studyInstanceUID: '1.2.3' });
  assert.equal([sent.study?.uploadId, sent.from], [NAMES.studies['1.2.3'], 'by a device (d)']);
  const named = describe('upload-opened', { by: 'a', deviceId: DEVICE });
  assert.is(named.from, 'by Chrome on Windows (3f2a91c0)');
  assert.is(describe('upload-opened', { studyInstanceUID: '1.2.4' }).study?.uploadId, null);
  assert.equal(describe('case-noted', { caseId: 'c', by: 'a' }).case, { id: 'c', number: 12 });
  const counts = { images: 1_200, reports: 1, receipts: 0 };
  const read = describe('records-read', { accountId: 'a', keyId: 'k', ...counts });
  assert.equal([read.more, read.from], [['1,200 images', '1 report'], 'by API key “night export”']);
  const viewed = { accountId: 'a', images: 2, reports: 0, receipts: 0, exports: 0, viewer: true };
  assert.equal(describe('records-read', viewed).more, ['opened in the built-in viewer', '2 images']);
  const led = { ...viewed, images: 0, viewer: undefined, siteViewer: true };
  assert.equal(describe('records-read', led).more, [
    'given the address of the site’s own viewer (what was viewed there is not recorded here)',
  ]);
  const told = { accountId: 'a', images: 0, reports: 0, receipts: 0, exports: 0, named: true };
  assert.equal(describe('records-read', told).more, [
    'name or ID from the PACS was shown (may be a pseudonym)',
  ]);
  const changed = describe('case-changed', { caseId: 'c', by: 'a', changed: ['dueOn', 'priority', 'x'] });
  assert.equal([changed.what, changed.more], ['Changed a case', ['due date, priority']]);
  assert.equal(describe('user-changed', { accountId: 'b', by: 'a', roles: ['admin', 'auditor'] }).more, [
    'bert',
    'Administrator, Auditor',
  ]);
});

test('tells a search from a reading, and says whether a name was shown', () => {
  const span = { from: '2026-05-01T10:00:00.000Z', until: '2026-05-01T10:09:00.000Z' };
  const fields = { accountId: 'a', studyInstanceUID: '1.2.3', ...span, searches: 2 };
  const named = describe('study-found', { ...fields, named: true });
  assert.equal(
    [named.what, named.more, named.until],
    [
      'Found a study in a search of the PACS',
      ['name or ID from the PACS was shown (may be a pseudonym)', '2 searches'],
      span.until,
    ],
  );
  assert.equal(describe('study-found', { ...fields, searches: 1, named: false }).more, [
    'no name was shown',
    '1 search',
  ]);
  assert.is(describe('audit-saved', { by: 'a', until: span.until }).until, null, 'the end of a filter');
});

test('says what a verdict was, and that a study went with names, and why', () => {
  const verdicts = ['agreed', 'corrected'].map(
    (verdict) => describe('result-verified', { by: 'a', verdict }).what,
  );
  assert.equal(verdicts, ['Agreed with a result', 'Corrected a result']);
  assert.is(wordOf('verdict', 'corrected'), 'corrected the model');
  const opened = (fields: object) => describe('upload-opened', { by: 'a', ...fields }).more;
  assert.equal(opened({ withNames: true, reason: 'patient-request' }), [
    'with names: requested by the patient',
  ]);
  assert.equal([opened({ withNames: true }), opened({})], [['with names'], []]);
  assert.equal(
    [wordOf('reason', 'patient-request'), wordOf('constructor', 'name')],
    ['requested by the patient', null],
  );
});

test('is a failure where the event is one, and where some of a study was refused', () => {
  const events = [describe('login'), describe('instances-lost'), describe('study-forwarded', { refused: 1 })];
  assert.equal(valuesOf(events, 'outcome'), [0, 8, 4]);
});

test('takes whatever a later version or an odd row holds, and believes no inherited names', () => {
  for (const value of [null, 7, true, ['x'], { a: 1 }, '', '__proto__', 'constructor']) {
    const fields = Object.fromEntries(
      [
        'by',
        'accountId',
        'keyId',
        'caseId',
        'studyInstanceUID',
        'because',
        'roles',
        'version',
        'destinationId',
        'refused',
        'address',
      ].map((name) => [name, value]),
    );
    const named = describe('destination-made', { ...fields, name: value });
    assert.type(named.what, 'string');
    const { who, what, more } = describe('of-a-later-version', fields);
    assert.ok(
      [who, what, ...more].every((text) => typeof text === 'string'),
      JSON.stringify(value),
    );
    assert.is(what, 'of-a-later-version');
  }
  assert.is(describe('constructor').what, 'constructor');
});

test('has words of its own for every event', () => {
  const said = Object.keys(AUDIT_EVENTS).map((name) => auditWords.events[name]);
  assert.is(new Set(said).size, said.length);
});

test.run();
