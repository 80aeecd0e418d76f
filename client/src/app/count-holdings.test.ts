import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { queuedStudy } from '../testing/queued-study.ts';
import { countHoldings } from './count-holdings.ts';

const test = suite('the studies that this device holds, on the page of settings');

test('a study that waits for a decision, or was cancelled, is not among those in the PACS', () => {
  const track = { unsafe: 0, safe: 0, onTheWay: 0, atGateway: 0, inPacs: 11, needsYou: 0, leftOut: 0 };
  const done = queuedStudy({ state: 'done', receiptId: 'r', track });
  const needs = [{ cause: 'held', reason: 'burned-in', instances: 1 }] as const;
  const undecided = { ...done, needs, track: { ...track, needsYou: 1 } };
  const cancelled = queuedStudy({ state: 'taken-back', receiptId: 'r' });
  assert.is(countHoldings([done, undecided, { ...cancelled, track }]).arrived, 1);
  assert.equal(countHoldings([queuedStudy({}), done]), { waiting: 1, safe: 12, arrived: 1 });
});

test.run();
