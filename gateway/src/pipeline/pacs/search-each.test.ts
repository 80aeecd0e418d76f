/** A search that the PACS turns away for one instance says nothing of the others. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PacsUnreachable, type Pacs } from '../../ports/pacs/pacs.ts';
import { searchEach } from './search-each.ts';

const { signal } = new AbortController();
const UIDS = Array.from({ length: 200 }, (_, i) => `1.2.${i}`);
const place = (sopInstanceUID: string) => ({ studyInstanceUID: '1', seriesInstanceUID: '2', sopInstanceUID });

/** A PACS that has all but the last, and turns away searches in which one of these is. */
function turningAway(poison: readonly string[], error: Error = new PacsUnreachable('no', 403)) {
  let asked = 0;
  const findInstances: Pacs['findInstances'] = async (uids) => {
    asked += 1;
    if (uids.some((uid) => poison.includes(uid))) throw error;
    return uids.filter((uid) => UIDS.slice(0, -1).includes(uid)).map(place);
  };
  return { findInstances, asked: () => asked };
}

const test = suite('of a PACS that turns searches away');

test('none for these: one question is asked', async () => {
  const pacs = turningAway([]);
  const { places, unanswered } = await searchEach(
    pacs,
    { studyInstanceUID: '1.2', sopInstanceUIDs: UIDS },
    signal,
  );
  assert.equal([places.length, unanswered.size, pacs.asked()], [199, 0, 1]);
});

test('those for a few: the others are known, by few questions', async () => {
  const poison = ['1.2.0', '1.2.77', '1.2.199'];
  const pacs = turningAway(poison);
  const { places, unanswered } = await searchEach(
    pacs,
    { studyInstanceUID: '1.2', sopInstanceUIDs: UIDS },
    signal,
  );
  assert.equal([places.length, [...unanswered]], [197, poison]);
  assert.ok(pacs.asked() < 60, `${pacs.asked()} questions`);
  const alone = await searchEach(pacs, { studyInstanceUID: '1.2', sopInstanceUIDs: ['1.2.77'] }, signal);
  assert.equal([alone.places, [...alone.unanswered]], [[], ['1.2.77']]);
});

for (const [what, poison, error] of [
  ['all', [...UIDS, '2.25.1'], new PacsUnreachable('no', 403)],
  ['many', UIDS.slice(0, 20), new PacsUnreachable('no', 500)],
  ['one by silence', ['1.2.5'], new PacsUnreachable('silent', null, 'silent')],
  ['one by a fault of ours', ['1.2.5'], new Error('a bug')],
] as const)
  test(`${what}: nothing is known`, async () => {
    const pacs = turningAway(poison, error);
    const failed = await searchEach(pacs, { studyInstanceUID: '1.2', sopInstanceUIDs: UIDS }, signal).catch(
      (thrown: unknown) => thrown,
    );
    assert.is(failed, error);
    assert.ok(pacs.asked() < 60, `${pacs.asked()} questions`);
  });

test.run();
