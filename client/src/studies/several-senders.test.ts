/** A study that came from several devices or scripts shows how much of all of it is in the PACS. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SentStudy } from '#shared/protocol/studies.ts';
import { entryElsewhere } from './day-entry.ts';
import { whereOf } from './where-of.ts';

const test = suite('a study of several senders');
const NOW = new Date(2026, 10, 25, 18);
const AT = new Date(2026, 10, 25, 17).toISOString();
const NONE = { promised: 0, atGateway: 0, inPacs: 0, refused: 0, quarantined: 0, leftOut: 0 };
type Upload = SentStudy['uploads'][number];

const upload = (nth: number, more: Partial<Upload>): Upload => ({
  ...{ uploadId: `${nth}1111111-1111-4111-8111-111111111111`, studyInstanceUID: '1.2.1', state: 'closed' },
  ...{ revision: 1, policy: 'identified', bytes: { promised: 1, atGateway: 0, inPacs: 1 }, counts: NONE },
  ...{ waiting: null, receipt: { id: '22222222-2222-4222-8222-222222222222', href: '' }, device: null },
  ...more,
});

/** The newer one has arrived; of the older one two instances wait. */
const STUDY: SentStudy = {
  ...{ studyInstanceUID: '1.2.1', firstSentAt: AT, lastSentAt: AT, sopClassUIDs: [] },
  standing: 'under-way',
  uploads: [
    upload(1, { counts: { ...NONE, promised: 1, inPacs: 1 } }),
    upload(2, {
      counts: { ...NONE, promised: 5, atGateway: 2, inPacs: 3 },
      ...{ receipt: null, waiting: { because: 'pacs-unreachable', since: AT } },
    }),
  ],
  counts: { ...NONE, promised: 6, atGateway: 2, inPacs: 4 },
};

test('counts what all of them sent, and says why the rest waits', () => {
  const entry = entryElsewhere(STUDY, null, NOW);
  const { total, inPacs, atGateway, waitingFor } = entry.track;
  assert.equal([total, inPacs, atGateway, waitingFor], [6, 4, 2, 'pacs-unreachable']);
  assert.is(whereOf(entry).look, 'wait');
});

test('names the destinations that the rest waits for', () => {
  const waiting = { because: 'required-destination' as const, since: AT, destinations: ['mirror'] };
  const uploads = STUDY.uploads.map((one) => (one.waiting === null ? one : { ...one, waiting }));
  assert.equal(entryElsewhere({ ...STUDY, uploads }, null, NOW).track.waitsFor, ['mirror']);
});

test('needs somebody while one of its uploads does', () => {
  const [first, second] = STUDY.uploads as [Upload, Upload];
  const held = { ...second, counts: { ...NONE, promised: 5, inPacs: 3, quarantined: 2 } };
  const uploads = [first, { ...held, receipt: first.receipt }];
  const counts = { ...NONE, promised: 6, inPacs: 4, quarantined: 2 };
  const { track } = entryElsewhere({ ...STUDY, standing: 'needs-you', uploads, counts }, null, NOW);
  assert.equal([track.total, track.inPacs, track.needsYou], [6, 4, 2]);
});

test('counts what an older sender withholds, and not what the same sender withheld before', () => {
  const [first, second] = STUDY.uploads as [Upload, Upload];
  const here = 'a1111111-1111-4111-8111-111111111111';
  const there = 'b1111111-1111-4111-8111-111111111111';
  const uploads = [
    { ...first, device: here, withheld: { 'left-out': 1, held: 2 } },
    { ...second, device: there, withheld: { 'left-out': 3 } },
    { ...second, device: here, withheld: { 'left-out': 9 } },
  ];
  const { track } = entryElsewhere({ ...STUDY, standing: 'needs-you', uploads }, null, NOW);
  assert.equal([track.total, track.leftOut, track.needsYou], [11, 3, 2]);
});

test('says nothing of an older one that was cancelled', () => {
  const [first, second] = STUDY.uploads as [Upload, Upload];
  const held = { ...NONE, promised: 5, quarantined: 2, leftOut: 3 };
  const cancelled = { ...second, cancelled: true as const, receipt: first.receipt, counts: held };
  const counts = { ...NONE, promised: 6, inPacs: 5, refused: 1 };
  const { track } = entryElsewhere(
    { ...STUDY, standing: 'ended', uploads: [first, first, cancelled], counts },
    null,
    NOW,
  );
  assert.equal([track.inPacs, track.needsYou, track.leftOut, track.waitingFor], [5, 0, 1, null]);
});

test('shows the newest one alone where a person cancelled that', () => {
  const [first, second] = STUDY.uploads as [Upload, Upload];
  const cancelled = { ...first, cancelled: true as const, counts: { ...NONE, promised: 1, leftOut: 1 } };
  const { track, part } = entryElsewhere(
    { ...STUDY, standing: 'ended', uploads: [cancelled, second] },
    null,
    NOW,
  );
  assert.equal([track.total, track.leftOut, part], [1, 1, 'taken-back']);
});

test.run();
