/** Instances of a file that come faster than they can be promised. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Manifest } from '#shared/protocol/manifest.ts';
import type { PlacedInstance } from '../files/open-talk.ts';
import { createSending, type SendTools } from './send-instances.ts';

/** More than two batches. */
const INSTANCES = 1200;

const placed = (entry: number): PlacedInstance => ({
  entry,
  studyInstanceUID: '1.2.3',
  instance: {
    ...{ sopInstanceUID: `1.2.3.${entry}`, seriesInstanceUID: '1.2.4', sopClassUID: '1.2.5' },
    ...{ transferSyntaxUID: '1.2.840.10008.1.2.1', digest: `digest-${entry}`, bytes: 4 },
  },
  ...{ report: null, vault: null, showsFace: false, place: { offset: entry * 4, length: 4 } },
  described: { modalities: [], bodyParts: [], descriptions: [] },
});

/** A gateway that makes a promise when it is let go. */
function openTools({ fails = false } = {}) {
  const promised: number[] = [];
  const takenBack: number[] = [];
  const held: (() => void)[] = [];
  const tools = {
    policy: { name: 'identified', version: 1 },
    entries: 0,
    async openUpload({ instances }: Manifest) {
      assert.is(held.length, 0, 'one promise is made at a time');
      promised.push(instances.length);
      await new Promise<void>((resolve) => held.push(resolve));
      if (fails) throw new Error('the database is gone');
      return { uploadId: String(promised.length), need: [], have: instances, conflict: [] };
    },
    takeBack: async (_upload: string, keys: readonly unknown[]) => void takenBack.push(keys.length),
  } as unknown as SendTools;
  return { tools, promised, takenBack, held };
}

/** Lets one promise after the other be made until `work` has ended. */
async function letGo<T>(held: (() => void)[], work: Promise<T>): Promise<T> {
  const letting = setInterval(() => held.shift()?.(), 1);
  return work.finally(() => clearInterval(letting));
}

test('instances that come while a promise is made are all told at the end, one batch after the other', async () => {
  const { tools, promised, held } = openTools();
  const sending = createSending(tools);
  const taking = Promise.all(Array.from({ length: INSTANCES }, (_, entry) => sending.take(placed(entry))));
  await letGo(held, taking);
  await letGo(held, sending.end());
  assert.is(sending.entries().length, INSTANCES);
  assert.is(
    promised.reduce((sum, count) => sum + count, 0),
    INSTANCES,
  );
});

test('before a pause all that is held in memory is promised, and a batch of places is not cut', async () => {
  const { tools, promised, held } = openTools();
  const sending = createSending(tools);
  await sending.take(placed(1));
  await sending.rest();
  assert.equal(promised, []);
  const { place: _, ...read } = placed(2);
  await sending.take({ ...read, bytes: new Uint8Array(4) });
  await letGo(held, sending.rest());
  assert.equal(promised, [2]);
});

test('where a promise fails, those that come behind it are not promised', async () => {
  const { tools, promised, held } = openTools({ fails: true });
  const sending = createSending(tools);
  const taking = Promise.allSettled(
    Array.from({ length: INSTANCES }, (_, entry) => sending.take(placed(entry))),
  );
  await letGo(held, taking);
  const [failure] = await letGo(held, Promise.allSettled([sending.end()]));
  assert.is(failure.status, 'rejected');
  await sending.giveUp();
  assert.is(promised.length, 1);
});

test('verify is told of a batch once the next one is promised, and of the last one at the end', async () => {
  const { tools, held } = openTools();
  const done: string[] = [];
  const sending = createSending({
    ...tools,
    async openUpload(manifest) {
      const answer = await tools.openUpload(manifest);
      done.push(`${answer.uploadId} promised`);
      return { ...answer, need: manifest.instances, have: [] };
    },
    async adopt(uploadId) {
      done.push(`${uploadId} told`);
      return true;
    },
  });
  const taking = Promise.all(Array.from({ length: INSTANCES }, (_, entry) => sending.take(placed(entry))));
  await letGo(held, taking);
  await letGo(held, sending.end());
  assert.equal(done, ['1 promised', '2 promised', '1 told', '3 promised', '2 told', '3 told']);
});

test.run();
