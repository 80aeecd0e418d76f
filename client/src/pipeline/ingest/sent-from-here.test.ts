/** The page knows what was sent from it and what was left behind. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { filesOf, openIngest } from '../../testing/open-ingest.ts';

test('the page knows the studies it sent and the files that were cleared from it, until somebody else signs in', async () => {
  const { store, database } = await openIngest();
  const first = syntheticStudy({ seed: 81, instancesPerSeries: 2 });
  const second = syntheticStudy({ seed: 82, instancesPerSeries: 2 });
  const damaged = new File([first.instances[0]!.bytes.slice(0, 700)], 'cut.dcm');
  await store.addFiles([...filesOf(first), ...filesOf(second), damaged]);
  store.toggle(second.studyInstanceUID);
  await store.send();
  store.clear();
  const [row] = await database.studies.toArray();
  const { sent: ids, leftBehind } = store.sentFromHere.value;
  assert.equal([...ids], [row!.id]);
  assert.equal(
    [...leftBehind],
    [
      [String(second.studyInstanceUID), second.instances.length],
      ['cut.dcm', 1],
    ],
  );
  await store.addFiles(filesOf(second));
  await store.send();
  assert.equal(
    [store.sentFromHere.value.sent.size, [...store.sentFromHere.value.leftBehind.keys()]],
    [2, ['cut.dcm']],
  );
  store.clear('held-back');
  assert.equal([store.sentFromHere.value.sent.size, store.sentFromHere.value.leftBehind.size], [0, 0]);
});

test.run();
