/** The sample study is sent by one press, and nothing with it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { sampleStudyFiles } from '../pipeline/ingest/sample-study.ts';
import { filesOf, openIngest } from '../testing/open-ingest.ts';
import { sendSample } from './send-sample.ts';

const test = suite('the sample study');

test('is queued where nothing else is on the page', async () => {
  const { store, database } = await openIngest({ tools: { sample: async () => sampleStudyFiles() } });
  assert.is(await sendSample(store, null), true);
  const queued = await database.studies.count();
  assert.equal([queued, store.phase.value, store.studies.value.length], [1, 'idle', 0]);
});

test('waits together with a disc that was chosen while the sample was fetched, and neither is sent', async () => {
  const disc = filesOf(syntheticStudy({ seed: 1, instancesPerSeries: 1 }));
  const { store, database } = await openIngest({
    tools: {
      sample: async () => {
        await store.addFiles(disc);
        return sampleStudyFiles();
      },
    },
  });
  assert.is(await sendSample(store, null), false);
  const queued = await database.studies.count();
  assert.equal([queued, store.phase.value, store.studies.value.length], [0, 'found', 2]);
});

test.run();
