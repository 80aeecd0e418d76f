/** The live region tells of a study what its track shows. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { queuedStudy } from '../testing/queued-study.ts';
import { sayStudy } from './say-track.ts';

const WHERE = { unsafe: 0, safe: 24, onTheWay: 0, atGateway: 0, inPacs: 0, needsYou: 0, leftOut: 0 };
const said = (track: Partial<typeof WHERE>) =>
  sayStudy(queuedStudy({ instances: 25, track: { ...WHERE, ...track } }), 'online');

test('the live region counts every instance that was chosen, not only those that travel', () => {
  assert.is(said({ safe: 25 }), '0 of 25 images in the PACS');
  assert.is(said({ safe: 0, inPacs: 24, onTheWay: 1 }), '24 of 25 images in the PACS');
  assert.is(said({ safe: 0, inPacs: 25 }), 'All 25 images are in the PACS');
});

test('the live region says that all are in the PACS only where none is missing, and never that somebody left them out', () => {
  assert.is(said({ safe: 0, leftOut: 25 }), '25 images not stored');
  assert.is(said({ safe: 0, inPacs: 20, leftOut: 5 }), '20 of 25 images in the PACS, 5 images not stored');
});

test('the live region says of a study that has arrived which files were left out unread', () => {
  const study = queuedStudy({ instances: 25, leftUnread: { files: 222, isAtLeast: false } });
  const of = (track: Partial<typeof WHERE>) =>
    sayStudy({ ...study, track: { ...WHERE, safe: 0, ...track } }, 'online');
  const unread = 'Reading was stopped: 222 unread files were left out';
  assert.is(of({ inPacs: 25 }), `All 25 images are in the PACS. ${unread}`);
  assert.is(of({ inPacs: 20, leftOut: 5 }), `20 of 25 images in the PACS, 5 images not stored. ${unread}`);
  assert.is(of({ inPacs: 20, onTheWay: 5 }), '20 of 25 images in the PACS');
});

test('the live region says of a cancelled study that it was cancelled', () => {
  const toldSince = { inPacs: 4, uploadId: 'u1', isOther: false };
  const study = { instances: 25, state: 'taken-back', wasCancelled: true, toldSince } as const;
  const told = sayStudy(
    queuedStudy({ ...study, track: { ...WHERE, safe: 0, inPacs: 4, leftOut: 21 } }),
    'online',
  );
  assert.is(told, 'Cancelled: 4 of 25 in the PACS');
});

test('the live region says first what needs a person', () => {
  assert.is(said({ needsYou: 1 }), '1 image needs your decision');
});

test.run();
