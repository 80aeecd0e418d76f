/** A Patient ID that a queued study has under another name is noticed before Send. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { queuedStudy } from '../../../testing/queued-study.ts';
import { TITLE } from '../../../testing/open-queue.ts';
import { sameIdElsewhere } from './same-id.ts';

const KARL = { name: 'Weber^Karl', id: '3300-001' };
const queuedAs = (patientName: string, patientId = KARL.id) =>
  queuedStudy({ title: { ...TITLE, patientName, patientId } });
const found = (...queued: ReturnType<typeof queuedAs>[]) => sameIdElsewhere([KARL], queued);

test('a Patient ID that a study here has under another name is found, with that name', () => {
  const other = { name: 'Keller^Lena', id: ' 3300-001 ' };
  assert.equal(found(queuedAs('Weber^Karl'), queuedAs(other.name, other.id)), [{ person: KARL, other }]);
});

test('one spelling of a name, another ID, a study without a name, and one that is erased are no other patient', () => {
  assert.equal(found(queuedAs('WEBER^Karl^^'), queuedAs('Keller^Lena', '3300-002'), queuedAs(' ')), []);
  assert.equal(found(queuedStudy({ title: null })), []);
  const unnamed = [
    { name: 'Weber^Karl', id: '' },
    { name: '', id: KARL.id },
  ];
  assert.equal(sameIdElsewhere(unnamed, [queuedAs('Keller^Lena', ''), queuedAs('Keller^Lena')]), []);
});

test.run();
