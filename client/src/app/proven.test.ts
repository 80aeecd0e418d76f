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
  choices: [0],
  sent: new Map(ids.map((id) => [id, 0])),
  leftBehind: new Map(),
  files: new Map(),
});

const NONE = { found: 0, refused: 0 };

test('every study that was sent from here is in the PACS, with its receipt', () => {
  const studies = [done(), done({ id: 'b' }), queuedStudy({ id: 'of another page' })];
  assert.equal(provenInPacs(sent('a', 'b'), studies, NONE), { studies: 2, except: 0, leftOut: [], left: [] });
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

const damaged = (path: string, choice: number) => ({ files: 1, path, choice });

test('files that a person left out, that were cleared or could not be sent are the exceptions, each with its path', () => {
  const study = done({ track: { ...NOWHERE, inPacs: 9, leftOut: 3 } });
  const cleared = { files: 4, path: 'A/1.dcm', choice: 0 };
  const here = { ...sent('a'), leftBehind: new Map([['1.2.3', cleared]]) };
  assert.equal(provenInPacs(here, [study], { found: 0, refused: 2 }), {
    studies: 1,
    except: 9,
    leftOut: [study],
    left: [cleared],
  });
});

test('a disc that was proven before the next was chosen is not counted with it; one still under way then is', () => {
  const ofFirst = damaged('first/cut.dcm', 0);
  const ofSecond = damaged('second/cut.dcm', 1);
  const leftBehind = new Map([ofFirst, ofSecond].map((left) => [left.path, left]));
  const here: SentFromHere = {
    choices: [1000, 5000],
    sent: new Map([
      ['a', 0],
      ['b', 1],
    ]),
    leftBehind,
    files: new Map(),
  };
  const told = (firstEndedAt: number) =>
    provenInPacs(here, [done({ completedAt: firstEndedAt }), done({ id: 'b', completedAt: 9000 })], NONE);
  assert.equal(told(4999), { studies: 1, except: 1, leftOut: [], left: [ofSecond] });
  assert.equal(told(5000), { studies: 2, except: 2, leftOut: [], left: [ofFirst, ofSecond] });
});

test.run();
