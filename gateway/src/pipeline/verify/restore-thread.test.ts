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

const signal = new AbortController().signal;
const { instances } = syntheticStudy({ seed: 91, instancesPerSeries: 3, rows: 256, columns: 256 });
const coded = await Promise.all(
  instances.map(async ({ bytes }) => {
    const { encoding, bytes: made } = await codeInstance(new Blob([bytes]), { loadCharls });
    return { encoding: encoding ?? '', bytes: new Uint8Array(await made.arrayBuffer()), original: bytes };
  }),
);
const [first] = coded as [(typeof coded)[number]];

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
      const restored = await Array.fromAsync(restore(bytesSource(bytes), encoding, original.length, signal));
      assert.ok(Buffer.concat(restored).equals(original));
    }),
  );
});

test('reports damage as damage, and passes on errors of the disk unchanged', async () => {
  const restore = createRestoreThread();
  const failure = (source: ByteSource) =>
    Array.fromAsync(restore(source, 'x-jls', first.original.length, signal)).then(
      () => null,
      (error: Error) => error,
    );
  const spoiled = first.bytes.map((byte, i) => (i === first.bytes.length - 50 ? byte ^ 8 : byte));
  assert.instance(await failure(bytesSource(spoiled)), CodingError);
  const broken = { size: first.bytes.length, read: async () => Promise.reject(new Error('EIO')) };
  assert.is((await failure(broken))?.message, 'EIO');
});

test('stops when nobody takes its output, and continues with the next task', async () => {
  const restore = createRestoreThread();
  for await (const piece of restore(bytesSource(first.bytes), 'x-jls', first.original.length, signal)) {
    assert.ok(piece.length > 0);
    break;
  }
  const stopped = new AbortController();
  stopped.abort(new Error('the gateway stops'));
  const aborted = await Array.fromAsync(
    restore(bytesSource(first.bytes), 'x-jls', first.original.length, stopped.signal),
  ).catch((error: Error) => error.message);
  assert.is(aborted, 'the gateway stops');
  const restored = await Array.fromAsync(
    restore(bytesSource(first.bytes), 'x-jls', first.original.length, signal),
  );
  assert.ok(Buffer.concat(restored).equals(first.original));
});

test('is ended when it is idle, and is started again for the next task', async () => {
  const restore = createRestoreThread(0);
  for (let i = 0; i < 3; i += 1) {
    assert.ok(
      Buffer.concat(
        await Array.fromAsync(restore(bytesSource(first.bytes), 'x-jls', first.original.length, signal)),
      ).equals(first.original),
    );
    // The thread's end is a timer of 0 ms: it is before this one.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
});

test('that ends unexpectedly fails its current task, and another one takes its place', async () => {
  const restore = createRestoreThread();
  const started = once(process, 'worker') as Promise<[Worker]>;
  const killing = {
    size: first.bytes.length,
    read: async () => (await started)[0].terminate().then(() => new Uint8Array()),
  };
  const failed = await Array.fromAsync(restore(killing, 'x-jls', first.original.length, signal)).then(
    () => 'restored',
    () => 'failed',
  );
  assert.is(failed, 'failed');
  assert.ok(
    Buffer.concat(
      await Array.fromAsync(restore(bytesSource(first.bytes), 'x-jls', first.original.length, signal)),
    ).equals(first.original),
  );
});

test.run();
