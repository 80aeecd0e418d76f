import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { InstanceStatus } from '#shared/protocol/api.ts';
import { decideSentWords } from './decide-sent-words.ts';
import { needsWords } from './needs-words.ts';
import { canOfferAgain, mayDecide, undecidedParts, undecidedUploads } from './decide-sent.ts';
import { valuesOf } from '../testing/values-of.ts';
import { assertEach } from '../testing/assert-each.ts';
import { countsOf, toldUpload } from '../testing/told-study.ts';

const test = suite('decisions about a study that is not on this device');

const COUNTS = countsOf({ promised: 3, inPacs: 1, refused: 1, quarantined: 1 });
const UPLOAD = toldUpload({ uploadId: 'u', state: 'held', counts: COUNTS, receipt: { id: 'r', href: '/r' } });

test('are asked for at once where no device can answer, and for devices apart, once the gateway is done with the rest', () => {
  const uploads = [
    UPLOAD,
    { ...UPLOAD, uploadId: 'of a device', device: 'd' },
    { ...UPLOAD, uploadId: 'under way', receipt: null },
    { ...UPLOAD, uploadId: 'of one UID', counts: { ...COUNTS, refused: 0, quarantined: 0 } },
  ];
  const { withoutDevice, ofDevices } = undecidedUploads({ standing: 'needs-you', uploads });
  assert.equal(valuesOf(withoutDevice, 'uploadId'), ['u', 'of one UID']);
  assert.equal(valuesOf(ofDevices, 'uploadId'), ['of a device']);
  assert.equal(undecidedUploads({ standing: 'ended', uploads }), { withoutDevice: [], ofDevices: [] });
});

test('are for the account that sent it and for administrators', () => {
  const sender = { username: 'script', keptNames: false };
  const asked = (username: string, roles: ('admin' | 'auditor' | 'technician')[], told = true) =>
    mayDecide(told ? { sender } : {}, { username, roles });
  assert.ok(asked('ida', ['admin']));
  assert.ok(asked('script', ['technician']));
  assert.ok(asked('script', ['technician'], false), 'in a list of one’s own');
  assert.not(asked('ida', ['auditor']));
});

test('stand by reason, and offer again only what the gateway still has and another answer may await', () => {
  const of = (digest: string, state: InstanceStatus['state'], reason?: string): InstanceStatus => ({
    ...{ sopInstanceUID: '1', digest, state },
    ...(reason !== undefined && { reason }),
  });
  const parts = undecidedParts([
    of('a', 'stored'),
    of('b', 'refused'),
    of('c', 'quarantined', 'conflicting-instance'),
    of('d', 'refused', 'pacs-refused'),
  ]);
  assertEach(parts, ({ reason, instances }) => [reason, instances.map(({ digest }) => digest).join()], [
    ['pacs-refused', 'b,d'],
    ['conflicting-instance', 'c'],
  ]);
  const offered = (reason: string, state: 'refused' | 'quarantined' = 'quarantined') =>
    canOfferAgain({ state, reason, destination: null });
  assertEach(['pacs-refused', 'conflicting-instance'], (reason) => offered(reason), [true, true]);
  assert.is(offered('cannot-be-verified'), false);
  assert.is(offered('pacs-refused', 'refused'), false, 'the gateway keeps no copy of what the PACS refused');
});

test('name the destination that lacks what the first PACS has, say where it stays, and offer it there again', () => {
  const held = { state: 'quarantined', reason: 'pacs-refused' } as const;
  const parts = undecidedParts([
    { ...held, sopInstanceUID: '1', digest: 'a' },
    { ...held, sopInstanceUID: '2', digest: 'b', missingAt: ['archive'] },
  ]);
  assert.equal(
    parts.map(({ destination, instances }) => [destination, instances.map(({ digest }) => digest).join()]),
    [
      [null, 'a'],
      ['archive', 'b'],
    ],
  );
  assert.ok(canOfferAgain({ ...held, reason: 'structure-broken', destination: 'archive' }));
  assert.match(decideSentWords.confirmWhat(1, null, false), 'It will not be in the PACS');
  assert.match(
    decideSentWords.confirmWhat(2, 'archive', false),
    'The first PACS keeps them. They will not be in archive.',
  );
  const files = 'Files at the sender are not changed';
  assert.match(decideSentWords.confirmWhat(1, null, false), files);
  assert.not.match(decideSentWords.confirmWhat(1, null, true), files);
  assert.match(decideSentWords.confirmWhat(1, null, true), 'it deletes its copy');
  const { what } = needsWords.ask['leave-out'];
  assert.match(what(2, false, 'archive'), 'The first PACS keeps them. 2 images will not be in archive.');
  assert.not.match(what(2, false, 'archive'), 'in the PACS');
  assert.match(what(2, false), '2 images will not be in the PACS.');
});

test('are said as of another content where the PACS has one under their UID', () => {
  const of = (sopInstanceUID: string, digest: string, state: InstanceStatus['state']): InstanceStatus => ({
    ...{ sopInstanceUID, digest, state },
  });
  const parts = undecidedParts([of('1', 'a', 'stored'), of('1', 'b', 'refused'), of('2', 'c', 'refused')]);
  assertEach(parts, ({ stands, instances }) => [stands, instances.map(({ digest }) => digest).join()], [
    [true, 'b'],
    [false, 'c'],
  ]);
});

test.run();
