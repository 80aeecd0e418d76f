/** The marks of a study's patients tell them apart for certain, and lie on the device under its key alone. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { filesOf, openIngest } from '../../../testing/open-ingest.ts';
import { assertEach } from '../../../testing/assert-each.ts';
import { markOf, openPatients, sealPatients } from './patient-marks.ts';

const test = suite('marks of patients');
const PATIENTS = 50_000;

test('are of no two patients the same', () => {
  const marks = Array.from({ length: PATIENTS }, (_, nth) => markOf(`1.2.3\nKeller^Lena\n${nth}`));
  assert.is(new Set(marks).size, PATIENTS);
});

test('are 64 bits of FNV-1a, as its authors publish them', () => {
  assertEach(['', 'a', 'foobar'], (text) => markOf(text), [
    'cbf29ce484222325',
    'af63dc4c8601ec8c',
    '85944171f73967e8',
  ]);
});

test('are opened by this device alone, and in their own row', async () => {
  const { store, database, key } = await openIngest();
  await store.addFiles(filesOf(syntheticStudy({ seed: 92, instancesPerSeries: 1 })));
  await store.send();
  const [row] = await database.studies.toArray();
  assert.match((await openPatients(key, row!))!.parts[0]!, /^[0-9a-f]{16}$/);
  assert.is(await openPatients(key, { ...row!, id: 'another' }), null);
  assert.is(await openPatients(key, { id: row!.id }), null);
  const sealed = await sealPatients(key, 'x', { parts: ['0123456789abcdef'] });
  assert.not.match(new TextDecoder('latin1').decode(sealed), '0123456789abcdef');
});

test.run();
