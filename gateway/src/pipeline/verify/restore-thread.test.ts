/** Restoring on a separate thread gives the same results as on the thread that answers. */
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { deflateSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import type { ByteSource } from '#shared/dicom/data-set.ts';
import { codeInstance } from '#shared/transfer/coding/code-instance.ts';
import { CodingError } from '#shared/transfer/coding/coded-format.ts';
import { loadCharls } from '#shared/transfer/coding/load-charls.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { createRestoreThread } from './restore-thread.ts';

const turn = { account: 'one', isSuspect: false, signal: new AbortController().signal };
const { instances } = syntheticStudy({ seed: 91, instancesPerSeries: 3, rows: 256, columns: 256 });
const coded = await Promise.all(
  instances.map(async ({ bytes }) => {
    const { encoding, bytes: made } = await codeInstance(new Blob([bytes]), { loadCharls });
    return { encoding: encoding ?? '', bytes: new Uint8Array(await made.arrayBuffer()), original: bytes };
  }),
);
const [first] = coded as [(typeof coded)[number]];
const firstCoded = { encoding: 'x-jls', bytes: first.original.length };

const test = suite('the thread that restores');

test('restores several at once, bit for bit, of both codings', async () => {
  const restore = createRestoreThread();
  const deflated = coded.map(({ original }) => ({
    encoding: 'deflate',
    bytes: new Uint8Array(deflateSync(original)),
    original,
  }));
  assert.equal(
    coded.map(({ encoding }) => encoding),
    ['x-jls', 'x-jls', 'x-jls'],
  );
  await Promise.all(
    [...coded, ...deflated].map(async ({ encoding, bytes, original }) => {
      const restored = await Array.fromAsync(
        restore(bytesSource(bytes), { encoding, bytes: original.length }, turn),
      );
      assert.ok(Buffer.concat(restored).equals(original));
    }),
  );
});

test('reports damage as damage, and passes on errors of the disk unchanged', async () => {
  const restore = createRestoreThread();
  const failure = (source: ByteSource) =>
    Array.fromAsync(restore(source, firstCoded, turn)).then(
      () => null,
      (error: Error) => error,
    );
  const spoiled = first.bytes.map((byte, i) => (i === first.bytes.length - 50 ? byte ^ 8 : byte));
  assert.instance(await failure(bytesSource(spoiled)), CodingError);
  const broken = { size: first.bytes.length, read: async () => Promise.reject(new Error('EIO')) };
  assert.is((await failure(broken))?.message, 'EIO');
});

test('an account whose instance takes its time holds up nobody else’s', async () => {
  const restore = createRestoreThread();
  const gate = Promise.withResolvers<void>();
  const fast = bytesSource(first.bytes);
  const slow = {
    size: fast.size,
    read: (at: number, n: number) => gate.promise.then(() => fast.read(at, n)),
  };
  const held = [1, 2, 3].map(() => Array.fromAsync(restore(slow, firstCoded, { ...turn, account: 'slow' })));
  const restored = await Array.fromAsync(restore(fast, firstCoded, turn));
  assert.ok(Buffer.concat(restored).equals(first.original));
  gate.resolve();
  for (const pieces of await Promise.all(held)) assert.ok(Buffer.concat(pieces).equals(first.original));
});

test('stops when nobody takes its output, and continues with the next task', async () => {
  const restore = createRestoreThread();
  for await (const piece of restore(bytesSource(first.bytes), firstCoded, turn)) {
    assert.ok(piece.length > 0);
    break;
  }
  const stopped = new AbortController();
  stopped.abort(new Error('the gateway stops'));
  const aborted = await Array.fromAsync(
    restore(bytesSource(first.bytes), firstCoded, { ...turn, signal: stopped.signal }),
  ).catch((error: Error) => error.message);
  assert.is(aborted, 'the gateway stops');
  const restored = await Array.fromAsync(restore(bytesSource(first.bytes), firstCoded, turn));
  assert.ok(Buffer.concat(restored).equals(first.original));
});

test('is ended when it is idle, and is started again for the next task', async () => {
  const restore = createRestoreThread({ idleMs: 0 });
  for (let i = 0; i < 3; i += 1) {
    const ended = once(process, 'worker').then(([worker]) => once(worker as Worker, 'exit'));
    assert.ok(
      Buffer.concat(await Array.fromAsync(restore(bytesSource(first.bytes), firstCoded, turn))).equals(
        first.original,
      ),
    );
    await ended;
  }
});

test('that ends unexpectedly fails its current task, and another one takes its place', async () => {
  const restore = createRestoreThread();
  const started = once(process, 'worker') as Promise<[Worker]>;
  const killing = {
    size: first.bytes.length,
    read: async () => (await started)[0].terminate().then(() => new Uint8Array()),
  };
  const failed = await Array.fromAsync(restore(killing, firstCoded, turn)).then(
    () => 'restored',
    () => 'failed',
  );
  assert.is(failed, 'failed');
  assert.ok(
    Buffer.concat(await Array.fromAsync(restore(bytesSource(first.bytes), firstCoded, turn))).equals(
      first.original,
    ),
  );
});

test.run();
