/** A conflict is shown with both images, each of which a person can look at before deciding. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { filesOf, openIngest } from '../testing/open-ingest.ts';
import { CONFLICT } from '../pipeline/queue/upload-queue.ts';
import { findRivals } from './find-rivals.ts';

/** Two different images of one identifier, sent together from one page. */
async function sent() {
  const device = await openIngest();
  const study = syntheticStudy({ seed: 91, instancesPerSeries: 2 });
  const [first] = filesOf(study);
  const altered = new Uint8Array(await first!.arrayBuffer());
  altered[altered.length - 1]! ^= 1;
  await device.store.addFiles([...filesOf(study), new File([altered], 'altered.dcm')]);
  await device.store.send();
  const rows = await device.database.instances.toArray();
  const files = [...device.store.sentFromHere.value.files.values()];
  const late = files.find(({ found }) => found.file.path === 'altered.dcm')!.found;
  const instances = rows.map(({ position }) =>
    position === late.ordinal
      ? { position, state: 'quarantined' as const, reason: CONFLICT }
      : { position, state: 'stored' as const, reason: null },
  );
  return { ...device, id: rows[0]!.studyId, late, instances };
}

test('both images of a conflict are found by the identifier that they share', async () => {
  const { store, id, late, instances } = await sent();
  const [rivals, ...others] = findRivals(store.sentFromHere.value, id, instances);
  assert.equal(others, []);
  assert.is(rivals?.mine, late);
  assert.is(rivals?.other?.sopInstanceUID, late.sopInstanceUID);
  assert.is.not(rivals?.other?.file.path, late.file.path);
});

test('an image that was sent from elsewhere is not shown, and a page that was loaded again shows none', async () => {
  const { store, id, late, instances } = await sent();
  const here = store.sentFromHere.value;
  const alone = { ...here, files: new Map([[late.ordinal, { studyInstanceUID: '', found: late }]]) };
  assert.equal(findRivals(alone, id, instances), [{ mine: late, other: null }]);
  assert.equal(findRivals({ ...here, sent: new Map() }, id, instances), []);
  store.clear('held-back');
  assert.equal(findRivals(store.sentFromHere.value, id, instances), [], 'somebody else is here');
});

test.run();
