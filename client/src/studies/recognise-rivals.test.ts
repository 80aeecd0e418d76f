/** A page that was loaded again shows a conflict once its file is chosen again, and nobody is asked about it twice. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Policy } from '#shared/protocol/api.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { countReasons } from '../pipeline/queue/count-reasons.ts';
import { CONFLICT } from '../pipeline/queue/upload-queue.ts';
import { DEIDENTIFIED, filesOf, IDENTIFIED, openIngest, foundOf } from '../testing/open-ingest.ts';
import { TITLE } from '../testing/open-queue.ts';
import { valuesOf } from '../testing/values-of.ts';
import { recogniseRivals } from './recognise-rivals.ts';

const patient = { name: 'Twice^Tina', id: 'TWICE-1' };
const study = syntheticStudy({ seed: 93, series: 1, instancesPerSeries: 2, patient });
const bytes = new Uint8Array(await filesOf(study)[0]!.arrayBuffer());
bytes[bytes.length - 1]! ^= 1;
const altered = () => new File([bytes], 'altered.dcm');

/** Sent from a page that is gone; the gateway kept the altered image out. */
async function sentBefore(chosen: Policy) {
  const before = await openIngest({ chosen });
  const { database } = before;
  await before.store.addFiles([...filesOf(study), altered()]);
  const late = foundOf(before.store, study.studyInstanceUID).find(({ file }) => file.path === 'altered.dcm')!;
  await before.store.send();
  const [row] = await database.studies.toArray();
  const { id, policy } = row!;
  await database.instances.update([id, late.ordinal], { state: 'quarantined', reason: CONFLICT });
  const rows = await database.instances.toArray();
  await database.studies.update(id, { state: 'attention', reasons: countReasons(rows) });
  const { store } = await openIngest({ chosen, device: before });
  const title = { ...TITLE, patientId: patient.id };
  const rivals = () =>
    recogniseRivals(store, { title, policy: { ...policy } }, rows, new AbortController().signal);
  return { database, id, store, rivals };
}

for (const policy of [IDENTIFIED, DEIDENTIFIED])
  test(`both images are seen once their files are chosen again, under the policy ${policy.name}`, async () => {
    const { store, rivals } = await sentBefore(policy);
    assert.equal(await rivals(), [], 'this page has no files');
    await store.addFiles([altered()]);
    const [alone] = await rivals();
    assert.equal([alone?.mine.file.path, alone?.other], ['altered.dcm', null]);
    await store.addFiles(filesOf(study));
    const [both, ...others] = await rivals();
    assert.equal([others.length, both?.mine.file.path], [0, 'altered.dcm']);
    assert.is(both?.other?.sopInstanceUID, both?.mine.sopInstanceUID);
    assert.is.not(both?.other?.file.path, 'altered.dcm');
  });

test('an image that waits for a decision and is sent again waits once, and is still seen', async () => {
  const { database, id, store, rivals } = await sentBefore(IDENTIFIED);
  await store.addFiles([altered()]);
  await store.send();
  assert.equal(await database.studies.toCollection().primaryKeys(), [id], 'no second entry');
  const [seen] = await rivals();
  assert.is(seen?.mine.file.path, 'altered.dcm');
  await store.addFiles([...filesOf(study), altered()]);
  await store.send();
  const again = (await database.studies.toArray()).find((row) => row.id !== id)!;
  const named = await database.instances.where('studyId').equals(again.id).toArray();
  assert.equal([again.instances, again.chosen, named.length], [2, 2, 2], 'the others are sent again alone');
  const waits = (await database.instances.toArray()).filter(({ state }) => state === 'quarantined');
  assert.equal(valuesOf(waits, 'studyId'), [id]);
  assert.equal(await database.withdrawals.toArray(), [], 'the gateway is told nothing of it');
});

test.run();
