/** The sample study is sent by one press, and nothing with it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sampleUid } from '#shared/dicom/sample-uids.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { sampleStudyFiles } from '../pipeline/ingest/choose/sample-study.ts';
import { filesOf, openIngest } from '../testing/open-ingest.ts';
import { sendSample } from './send-sample.ts';

const test = suite('the sample study');
const HERE = '6f1c2d3e-0000-4000-8000-000000010000';
const THERE = '6f1c2d3e-0000-4000-8000-000000020000';

test('is queued where nothing else is on the page', async () => {
  const { store, database } = await openIngest({ tools: { sample: async (uuid) => sampleStudyFiles(uuid) } });
  const { isQueued, id } = await sendSample(store, null, HERE);
  const queued = await database.studies.count();
  assert.equal([isQueued, queued, store.phase.value, store.studies.value.length], [true, 1, 'idle', 0]);
  assert.is(id, (await database.studies.toCollection().first())?.id);
});

test('is another study for each destination, and the same one for the same', async () => {
  const { store } = await openIngest({ tools: { sample: async (uuid) => sampleStudyFiles(uuid) } });
  const sent = new Set<string>();
  store.studies.subscribe((found) => {
    for (const { studyInstanceUID } of found) sent.add(studyInstanceUID);
  });
  for (const destination of [HERE, THERE, HERE])
    assert.ok((await sendSample(store, null, destination)).isQueued);
  assert.is(sent.size, 2);
});

test('leads to its own entry, also where another study came into the queue while it was sent', async () => {
  const device = await openIngest({ tools: { sample: async (uuid) => sampleStudyFiles(uuid) } });
  const { store, database, hooks } = device;
  const other = await openIngest({ device });
  await other.store.addFiles(filesOf(syntheticStudy({ seed: 1, instancesPerSeries: 1 })));
  let sending: Promise<void> | null = null;
  hooks.beforeTask = async () => {
    sending ??= other.store.send();
    await sending;
  };
  const { id } = await sendSample(store, null, HERE);
  assert.is(await database.studies.count(), 2);
  assert.is((await database.studies.get(id!))?.studyInstanceUID, sampleUid(HERE, 0));
});

test('waits together with a disc that was chosen while the sample was fetched, and neither is sent', async () => {
  const disc = filesOf(syntheticStudy({ seed: 1, instancesPerSeries: 1 }));
  const { store, database } = await openIngest({
    tools: {
      sample: async (uuid) => {
        await store.addFiles(disc);
        return sampleStudyFiles(uuid);
      },
    },
  });
  assert.equal(await sendSample(store, null, HERE), { isQueued: false, id: null });
  const queued = await database.studies.count();
  assert.equal([queued, store.phase.value, store.studies.value.length], [0, 'found', 2]);
});

test.run();
