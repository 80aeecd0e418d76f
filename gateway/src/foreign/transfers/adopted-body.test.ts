/** The body of a store request becomes the parcel itself where all of it is wanted; else its instances are copied. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '#testing/sha256.ts';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { StorageFull } from '../../ports/blobs/blobs.ts';
import { findFile } from '../../pipeline/stores/sent-file.store.ts';
import { receivedFile } from '../../testing/foreign-clients.ts';
import { fieldsOf } from '../../testing/fields-of.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import {
  openTestGround,
  openTestPipeline,
  type TestGround,
  type TestPipeline,
} from '../../testing/open-pipeline.ts';
import { newStudy } from '../../testing/open-study.ts';
import { toManifest } from '../../testing/pack-parcel.ts';
import { PartFinder } from '../stow/read-parts.ts';
import { createOpenFiles } from './run-open-file.ts';

const test = suite('the body of a store request');
let ground: TestGround;
test.before(async () => {
  ground = await openTestGround();
});
test.after(() => ground.close());

const { signal } = new AbortController();

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

type Hooks = {
  /** Done when the body is linked, and not yet a parcel. */
  readonly meanwhile?: (pipeline: TestPipeline) => Promise<unknown>;
  /** Done when the bytes of a parcel are written. */
  readonly written?: () => void;
  /** Done when a parcel is told of. */
  readonly told?: () => void;
};

/** A request with these instances, received and not opened. `written`: bytes of parcels since then. */
async function receivedBody(instances: readonly SyntheticInstance[], hooks: Hooks = {}) {
  const pacs = openTestPacs();
  const pipeline = await openTestPipeline({ pacs, start: false, ground });
  const { tools, siteId: site_id } = pipeline;
  const body = Buffer.concat([
    ...instances.flatMap(({ bytes }) => [Buffer.from('--b\r\n\r\n'), bytes, Buffer.from('\r\n')]),
    Buffer.from('--b--'),
  ]);
  const finder = new PartFinder('b', true);
  for (let at = 0; at < body.length; at += 1000) finder.add(body.subarray(at, at + 1000));
  const form = { kind: 'parts', parts: finder.end(), studyInstanceUID: null } as const;
  const id = await receivedFile(pipeline, once(body), { bytes: body.length, form });
  const seen = { written: 0, arrived: 0 };
  const { blobs } = tools;
  const counting = Object.assign(Object.create(blobs) as typeof blobs, {
    append: async (...args: Parameters<typeof blobs.append>) => {
      const written = await blobs.append(...args);
      seen.written += written;
      hooks.written?.();
      return written;
    },
    sync: async (parcelId: string) => {
      hooks.told?.();
      await blobs.sync(parcelId);
    },
    adopt: async (...args: Parameters<typeof blobs.adopt>) => {
      const isHere = await blobs.adopt(...args);
      await hooks.meanwhile?.(pipeline);
      return isHere;
    },
  });
  const parcels = {
    async arrived() {
      seen.arrived += 1;
    },
  };
  const opening = createOpenFiles({ pipeline: { ...tools, blobs: counting }, spool: tools, parcels });
  return {
    ...{ id, pacs, pipeline, seen },
    run: () => opening.run(id, signal),
    entries: async () => (await findFile(tools.db, id, null))!.entries,
    parcels: () => tools.db.selectFrom('parcel').selectAll().where('site_id', '=', site_id).execute(),
    async close() {
      await opening.close();
      await pipeline.close();
    },
  };
}

const assertHeld = (
  held: ReadonlyMap<string, { bytes: Buffer }>,
  all: readonly SyntheticInstance[],
): void => {
  for (const { identifiers, bytes } of all)
    assert.is(sha256(held.get(identifiers.sopInstanceUID)!.bytes), sha256(bytes));
};

test('is not written again where all of it is wanted, and goes with the study', async () => {
  const instances = newStudy(3);
  const sent = await receivedBody(instances);
  await sent.run();
  assert.is(sent.seen.written, 0);
  const [parcel, ...others] = await sent.parcels();
  assert.equal([parcel?.state, others.length], ['verified', 0]);
  assert.equal(await sent.pipeline.tools.blobs.ids(), [parcel!.id], 'the file itself is gone');
  await sent.pipeline.runAll();
  assertHeld(sent.pacs.held, instances);
  assert.equal(await sent.pipeline.tools.blobs.ids(), []);
  await sent.close();
});

test('is copied where it has instances of two studies, or one of them twice', async () => {
  const one = newStudy(2);
  const other = newStudy(1);
  for (const instances of [
    [...one, ...other],
    [...one, one[0]!],
  ]) {
    const sent = await receivedBody(instances);
    await sent.run();
    assert.ok(sent.seen.written > 0);
    assert.is((await sent.entries()).length, instances.length);
    await sent.pipeline.runAll();
    assertHeld(sent.pacs.held, instances);
    await sent.close();
  }
});

test('is copied, for verify to look into, where it is promised under another policy meanwhile', async () => {
  const instances = newStudy(2);
  const sent = await receivedBody(instances, {
    meanwhile: (pipeline) => pipeline.init(toManifest(instances, 'deidentified')),
  });
  await sent.run();
  assert.is(sent.seen.arrived, 1);
  assert.equal(fieldsOf(await sent.parcels(), 'state'), ['receiving']);
  await sent.close();
});

test('is taken by the next run where one ends while the body becomes a parcel', async () => {
  const instances = newStudy(2);
  let runs = 0;
  const sent = await receivedBody(instances, {
    async meanwhile() {
      runs += 1;
      if (runs === 1) throw new Error('killed');
    },
  });
  assert.is(await sent.run().catch((error: Error) => error.message), 'killed');
  await sent.run();
  assert.equal((await sent.parcels()).map(({ state }) => state).sort(), ['receiving', 'verified']);
  await sent.pipeline.runAll();
  assertHeld(sent.pacs.held, instances);
  await sent.close();
});

/** Fails the second time, as a full disk does. */
function failingOnce(): () => void {
  let times = 0;
  return () => {
    times += 1;
    if (times === 2) throw new StorageFull('planted');
  };
}

test('leaves no parcel on a disk that is full halfway, and all of it comes later', async () => {
  const instances = [...newStudy(1), ...newStudy(1)];
  const sent = await receivedBody(instances, { written: failingOnce() });
  assert.instance(await sent.run().catch((error: unknown) => error), StorageFull);
  assert.equal([await sent.parcels(), await sent.pipeline.tools.blobs.ids()], [[], [sent.id]]);
  await sent.run();
  await sent.pipeline.runAll();
  assertHeld(sent.pacs.held, instances);
  await sent.close();
});

test('leaves a parcel that verify was told of where the next one of its study fails', async () => {
  // Two instances, each filling a parcel; the one sent twice keeps the body from becoming a parcel as a whole.
  const { instances } = syntheticStudy({ seed: 9510, instancesPerSeries: 2, rows: 2_100, columns: 2_100 });
  const sent = await receivedBody([...instances, instances[0]!], { told: failingOnce() });
  assert.instance(await sent.run().catch((error: unknown) => error), StorageFull);
  const parcels = await sent.parcels();
  assert.equal(fieldsOf(parcels, 'state'), ['verified']);
  assert.equal((await sent.pipeline.tools.blobs.ids()).toSorted(), [sent.id, parcels[0]!.id].toSorted());
  await sent.run();
  await sent.pipeline.runAll();
  assertHeld(sent.pacs.held, instances);
  await sent.close();
});

test.run();
