/** The build thread makes the same bytes as the main thread would. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadCodecs } from '#shared/pixels/load-codecs.ts';
import { buildResultInstances } from './build-result-instances.ts';
import { createBuildThread, type ToBuild } from './build-thread.ts';
import { drawHeatMap } from './draw-heat-map.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { testFilm, testMasks, testSubject } from '../testing/open-subject.ts';
import { createResultUid } from './result-uid.ts';

const test = suite('results built in a thread');
const signal = new AbortController().signal;
const secret = new Uint8Array(32).fill(9);
const cam = { side: 20, data: Float32Array.from({ length: 400 }, (_, at) => at / 400) };
const lungs = testMasks();

async function toBuildOf(film: Uint8Array, frame = 0): Promise<ToBuild> {
  const { source: _, uid: __, ...said } = await testSubject(film, {}, frame);
  return { ...said, kind: 'first', secret, cam, lungs, source: film.slice() };
}

test('are the same byte for byte as on the thread of the requests; the bytes of the source are transferred with the task', async () => {
  const { bytes } = testFilm({ seed: 31, rows: 1100, columns: 90 });
  const toBuild = await toBuildOf(bytes);
  const built = await createBuildThread()(toBuild, signal);
  assert.is(toBuild.source.length, 0);
  const subject = { ...(await testSubject(bytes)), uid: createResultUid(secret) };
  const heatMap = await drawHeatMap(subject.source, 0, cam, { codecs: loadCodecs(), signal });
  assert.equal([heatMap?.rows, heatMap?.columns], [1024, 84]);
  assert.equal(built, buildResultInstances(subject, { lungs, heatMap }));
  assert.equal(fieldsOf(built, 'kind'), ['SEG', 'SC', 'SR']);
});

test('have no heat map if the picture is gone', async () => {
  const built = await createBuildThread()(await toBuildOf(testFilm({ seed: 32 }).bytes, 7), signal);
  assert.equal(fieldsOf(built, 'kind'), ['SEG', 'SR']);
});

test.run();
