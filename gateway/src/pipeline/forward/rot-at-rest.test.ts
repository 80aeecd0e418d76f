/**
 * A disk that rots, or a person who writes into the spool, while a study waits: the PACS is never given other
 * bytes than promised, no receipt says so, and every study ends.
 */
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '#testing/sha256.ts';
import { DAY_MINUTES, passMinutes } from '../../testing/pass-minutes.ts';
import { seededRandom } from '#testing/synthetic-study.ts';
import { openTestGround, type TestGround, type TestPipeline } from '../../testing/open-pipeline.ts';
import { toManifest } from '../../testing/pack-parcel.ts';
import { runExpiry } from '../eviction/run-expiry.ts';
import { assembledStudy, openedStudy, receiptOf } from '../../testing/open-study.ts';

const ROUNDS = Number(process.env['RELAY_TEST_RUNS'] ?? 24);
const SEED = Number(process.env['RELAY_SEED'] ?? 12);

const test = suite('the spool, when');
let shared: TestGround;
test.before(async () => {
  shared = await openTestGround();
});
test.after(() => shared.close());

/** One bit of one file is turned, or its end cut off. */
async function spoil({ spool }: TestPipeline, random: () => number): Promise<string> {
  const files = (await readdir(spool)).sort();
  const file = join(spool, files[Math.floor(random() * files.length)]!);
  const bytes = await readFile(file);
  const at = Math.floor(random() * bytes.length);
  if (random() < 0.3) {
    await truncate(file, at);
    return `cut at ${at}`;
  }
  bytes[at]! ^= 1 << Math.floor(random() * 8);
  await writeFile(file, bytes);
  return `bit of byte ${at}`;
}

async function endsRight(
  { pipeline, pacs, instances, uploadId }: Awaited<ReturnType<typeof openedStudy>>,
  what: string,
): Promise<void> {
  // The device keeps its copy until it has a receipt, and sends what it is asked for.
  for (let round = 0; round < 4; round += 1) {
    await pipeline.runAll();
    const { need } = await pipeline.init(toManifest(instances));
    if (need.length === 0) break;
    const needed = new Set(need.map(({ sopInstanceUID }) => sopInstanceUID));
    await pipeline.send(
      uploadId,
      instances.filter(({ identifiers }) => needed.has(identifiers.sopInstanceUID as never)),
    );
  }
  assert.is((await pipeline.status(uploadId)).state, 'closed', what);
  const { receipt } = await receiptOf(pipeline, uploadId);
  for (const { sopInstanceUID, state, digest } of receipt.instances)
    assert.equal([state, sha256(pacs.held.get(sopInstanceUID)!.bytes)], ['stored', digest], what);
}

test('it is spoiled after verify, the PACS gets none of it and the device is asked again', async () => {
  const random = seededRandom(SEED);
  for (let round = 0; round < ROUNDS; round += 1) {
    const study = await assembledStudy(shared, 4);
    const what = `round ${round}, seed ${SEED}: ${await spoil(study.pipeline, random)}`;
    await endsRight(study, what);
    await study.pipeline.close();
  }
});

test('it is spoiled before verify, the device is asked again', async () => {
  const random = seededRandom(SEED + 1);
  for (let round = 0; round < ROUNDS / 2; round += 1) {
    const study = await openedStudy(shared, 4);
    await study.pipeline.send(study.uploadId, study.instances);
    const what = `round ${round}, seed ${SEED}: ${await spoil(study.pipeline, random)}`;
    await endsRight(study, what);
    await study.pipeline.close();
  }
});

test('one instance of it is spoiled, the others are stored at once', async () => {
  const { pipeline, pacs, instances, studyId } = await assembledStudy(shared, 5);
  const { body_offset, bytes, digest } = await pipeline.tools.db
    .selectFrom('instance')
    .select(['body_offset', 'bytes', 'digest'])
    .where('study_id', '=', studyId)
    .where('sop_instance_uid', '=', instances[2]!.identifiers.sopInstanceUID)
    .executeTakeFirstOrThrow();
  // Other bytes than promised, and tags that hold: as if verify had been deceived.
  await pipeline.tools.db
    .updateTable('instance')
    .set({ body_offset: Number(body_offset) - 2, bytes })
    .where('study_id', '=', studyId)
    .where('digest', '=', digest)
    .execute();
  assert.is(await pipeline.run('forward', studyId), 'receiving');
  assert.is(pacs.held.size, 4);
  assert.not.ok(pacs.held.has(instances[2]!.identifiers.sopInstanceUID));
  assert.equal(
    (await pipeline.init(toManifest(instances))).need.map(({ sopInstanceUID }) => sopInstanceUID),
    [instances[2]!.identifiers.sopInstanceUID],
  );
  await pipeline.close();
});

const COLUMNS = ['digest', 'bytes', 'body_offset', 'sop_instance_uid', 'parcel_id', 'wrapped_key'] as const;

/** Somebody who may write into the database changes one column of one instance, or of its study. */
async function tamper(pipeline: TestPipeline, studyId: string, random: () => number): Promise<string> {
  const column = COLUMNS[Math.floor(random() * COLUMNS.length)]!;
  const rows = await pipeline.tools.db
    .selectFrom('instance')
    .selectAll()
    .where('study_id', '=', studyId)
    .execute();
  const row = rows[Math.floor(random() * rows.length)]!;
  const by = 1 + Math.floor(random() * 900);
  const values = {
    digest: { digest: sha256(Buffer.from(`${random()}`)) },
    bytes: { bytes: Math.max(1, Number(row.bytes) - by) },
    body_offset: { body_offset: Number(row.body_offset) + by },
    sop_instance_uid: { sop_instance_uid: `1.2.3.${by}` },
    parcel_id: { parcel_id: null },
  };
  if (column === 'wrapped_key')
    await pipeline.tools.db
      .updateTable('study')
      .set({ wrapped_key: new Uint8Array(60).fill(by % 256) })
      .where('id', '=', studyId)
      .execute();
  else await pipeline.tools.db.updateTable('instance').set(values[column]).where('id', '=', row.id).execute();
  return column;
}

test('a column of the database is changed, no receipt says stored of other bytes, and the study ends', async () => {
  const random = seededRandom(SEED + 2);
  for (let round = 0; round < ROUNDS / 2; round += 1) {
    const study = await assembledStudy(shared, 3);
    const { pipeline, pacs, instances, uploadId, studyId } = study;
    let now = new Date();
    Object.assign(pipeline.tools, { now: () => now });
    const what = `round ${round}, seed ${SEED}: ${await tamper(pipeline, studyId, random)}`;
    const sent = new Set(instances.map(({ bytes }) => sha256(bytes)));
    await pipeline.runAll();
    for (const { bytes } of pacs.held.values()) assert.ok(sent.has(sha256(bytes)), `${what}: given`);
    // The device does not come back, and what cannot be kept is given up in the open.
    now = new Date(now.getTime() + 40 * 24 * 3_600_000);
    await passMinutes(pipeline.tools.db, 40 * DAY_MINUTES);
    await runExpiry(pipeline.tools);
    await pipeline.runAll();
    const { state } = await pipeline.status(uploadId);
    assert.ok(state === 'closed' || state === 'held', `${what}: ${state}`);
    const { receipt } = await receiptOf(pipeline, uploadId);
    for (const one of receipt.instances)
      if (one.state === 'stored')
        assert.is(sha256(pacs.held.get(one.sopInstanceUID)!.bytes), one.digest, what);
    await pipeline.close();
  }
});

test.run();
