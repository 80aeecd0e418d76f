/** The gateway before a PACS that takes every request and never answers. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createGuardedPacs } from '../../ports/pacs/guarded-pacs.ts';
import { PacsUnreachable } from '../../ports/pacs/pacs.ts';
import { until } from '#testing/gateway-under-test.ts';
import { addAccount } from '../../testing/add-account.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { openTestPipeline } from '../../testing/open-pipeline.ts';
import { newStudy } from '../../testing/open-study.ts';
import { toManifest } from '../../testing/pack-parcel.ts';

const test = suite('the PACS is silent');
const HOUR_MS = 3_600_000;

/** While it is silent, its calls wait to be ended by `fallSilent` or `speak`. */
function openSilentPacs() {
  const inner = openTestPacs();
  const open = new Set<PromiseWithResolvers<void>>();
  let isSilent = true;
  const heard = async (): Promise<void> => {
    if (!isSilent) return;
    const call = Promise.withResolvers<void>();
    open.add(call);
    await call.promise.finally(() => open.delete(call));
  };
  const pacs = createGuardedPacs(
    {
      ...inner,
      probe: async () => heard(),
      findStudy: async (...of) => heard().then(() => inner.findStudy(...of)),
      findInstances: async (...of) => heard().then(() => inner.findInstances(...of)),
      storeInstances: async (...of) => heard().then(() => inner.storeInstances(...of)),
    },
    { answerMs: HOUR_MS, joinMs: 0 },
  );
  return {
    pacs,
    inner,
    open,
    endCalls() {
      for (const call of open) call.reject(new PacsUnreachable('silent', null, 'silent'));
    },
    speak() {
      isSilent = false;
      for (const call of open) call.resolve();
    },
  };
}

test('it costs one worker, every other study waits in the queue, and all end when it speaks', async () => {
  const silent = openSilentPacs();
  const pipeline = await openTestPipeline({ pacs: silent.pacs });
  const uploads: string[] = [];
  for (let nth = 0; nth < 6; nth += 1) {
    const instances = newStudy(1);
    const { uploadId } = await pipeline.init(toManifest(instances));
    await pipeline.send(uploadId, instances);
    uploads.push(uploadId);
  }
  const waiting = async (): Promise<number> => {
    const all = await Promise.all(uploads.map((uploadId) => pipeline.status(uploadId)));
    return all.filter((status) => status.waiting?.because === 'pacs-unreachable').length;
  };
  await until('every worker to wait for the PACS', async () => silent.open.size === 3);
  silent.endCalls();
  await until('all studies to wait in the queue, but the one that asks', async () => (await waiting()) >= 5);
  assert.is(silent.open.size, 1);
  silent.speak();
  for (const uploadId of uploads) await pipeline.until(uploadId, ({ state }) => state === 'closed');
  assert.equal([...silent.inner.posted.values()], [1, 1, 1, 1, 1, 1]);
  await pipeline.close();
});

test('one account’s studies have all places at the PACS but the last: another’s is forwarded meanwhile', async () => {
  const inner = openTestPacs();
  const gate = Promise.withResolvers<void>();
  const slow = Array.from({ length: 6 }, () => newStudy(1));
  const uids = new Set<string>(
    slow.flatMap((study) => study.map(({ identifiers }) => identifiers.sopInstanceUID)),
  );
  let stuck = 0;
  const pipeline = await openTestPipeline({
    pacs: {
      ...inner,
      async storeInstances(...of) {
        if (of[1].some(({ sopInstanceUID }) => uids.has(sopInstanceUID))) {
          stuck += 1;
          await gate.promise;
        }
        return inner.storeInstances(...of);
      },
    },
  });
  try {
    const send = async (instances: ReturnType<typeof newStudy>): Promise<string> => {
      const { uploadId } = await pipeline.init(toManifest(instances));
      await pipeline.send(uploadId, instances);
      return uploadId;
    };
    const uploads: string[] = [];
    for (const study of slow) uploads.push(await send(study));
    await until('the places of one account to be taken', () => stuck === 3);
    pipeline.actAs(await addAccount(pipeline), ['technician']);
    const other = await send(newStudy(1));
    await until('the other’s study', async () => (await pipeline.status(other)).state === 'closed');
    assert.is(stuck, 3);
    gate.resolve();
    pipeline.actAs(pipeline.accountId, ['technician']);
    for (const uploadId of uploads) await pipeline.until(uploadId, ({ state }) => state === 'closed');
  } finally {
    gate.resolve();
    await pipeline.close();
  }
});

test.run();
