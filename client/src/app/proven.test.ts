/** The disc or the files may go once everything that was chosen is proven in the PACS; exceptions are counted. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { queuedStudy } from '../testing/queued-study.ts';
import type { SentFromHere } from '../pipeline/ingest/sent-from-here.ts';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { provenInPacs } from './proven.ts';

const NOWHERE = { unsafe: 0, safe: 0, onTheWay: 0, atGateway: 0, inPacs: 0, needsYou: 0, leftOut: 0 };
const done = (some: Partial<QueuedStudy> = {}): QueuedStudy =>
  queuedStudy({
    state: 'done',
    receiptId: 'receipt',
    track: { ...NOWHERE, inPacs: 12 },
    ...some,
  });
const sent = (...ids: string[]): SentFromHere => ({
  sent: new Set(ids),
  leftBehind: new Map(),
  files: new Map(),
});

const NONE = { found: 0, refused: 0 };

test('every study that was sent from here is in the PACS, with its receipt', () => {
  const studies = [done(), done({ id: 'b' }), queuedStudy({ id: 'of another page' })];
  assert.equal(provenInPacs(sent('a', 'b'), studies, NONE), { studies: 2, except: 0 });
  assert.is(provenInPacs(sent(), studies, NONE), null, 'nothing was sent from here');
  const found = { found: 1, refused: 0 };
  assert.is(provenInPacs(sent('a', 'b'), studies, found), null, 'another study of the disc is on the page');
});

test('nothing is said while one of them is not proven, needs a person, was cancelled, or is no longer in the list', () => {
  const held = { cause: 'held', reason: 'burned-in-annotation', instances: 2 } as const;
  const others: readonly Partial<QueuedStudy>[] = [
    { state: 'in-pacs' },
    { state: 'attention' },
    { receiptId: null },
    { state: 'taken-back', track: { ...NOWHERE, leftOut: 12 } },
    { track: { ...NOWHERE, leftOut: 12 } },
    { track: { ...NOWHERE, inPacs: 11 } },
    { needs: [held], track: { ...NOWHERE, inPacs: 10, needsYou: 2 } },
  ];
  for (const other of others)
    assert.is(provenInPacs(sent('a', 'b'), [done(), done({ id: 'b', ...other })], NONE), null);
  assert.is(provenInPacs(sent('a', 'b'), [done()], NONE), null);
});

test('files that a person left out, that were cleared or could not be sent are the exceptions', () => {
  const study = done({ track: { ...NOWHERE, inPacs: 9, leftOut: 3 } });
  const here = { ...sent('a'), leftBehind: new Map([['1.2.3', 4]]) };
  assert.equal(provenInPacs(here, [study], { found: 0, refused: 2 }), { studies: 1, except: 9 });
});

test.run();
