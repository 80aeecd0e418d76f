/** A destination that confirms what it is given, and does not list it, says so until it does. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assembledStudy } from '../testing/open-study.ts';
import { openTestGround, type TestGround } from '../testing/open-pipeline.ts';
import { insertDestination, listDestinations } from './destination.store.ts';

const test = suite('a destination that confirms instances and loses them');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

const PLACE = {
  kind: 'dicomweb',
  ...{ name: 'night', url: 'http://pacs.test/dicom-web', sealed: null },
  settings: { authentication: { kind: 'none' }, ca: null, certificate: null },
} as const;

test('says how many, and when it last confirmed them, until it lists them', async () => {
  const { pipeline, pacs, studyId } = await assembledStudy(ground);
  const { db, now } = pipeline.tools;
  await db
    .transaction()
    .execute((trx) => insertDestination(trx, pipeline.siteId, { id: randomUUID(), ...PLACE, now: now() }));
  const lost = async () => {
    const [{ unlisted, unlistedAt }] = (await listDestinations(db, pipeline.siteId)) as [
      Awaited<ReturnType<typeof listDestinations>>[0],
    ];
    return [unlisted, unlistedAt];
  };
  pacs.lie = 'forgetful';
  await pipeline.run('forward', studyId);
  assert.equal(await lost(), [0, null], 'it may show them yet');
  await pipeline.run('reconcile', studyId);
  const [count, at] = await lost();
  assert.is(count, 3);
  assert.instance(at, Date);
  pacs.lie = 'honest';
  await pipeline.runAll();
  assert.equal(await lost(), [0, null]);
  await pipeline.close();
});

test.run();
