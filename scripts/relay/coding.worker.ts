/**
 * A thread that codes instances (transport coding without loss): message glue, the work is
 * shared/src/transfer/coding.
 */
import { parentPort } from 'node:worker_threads';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { codeInstance } from '#shared/transfer/coding/code-instance.ts';
import { loadCharls } from '#shared/transfer/coding/load-charls.ts';
import type { CodedMessage, ToCode } from './coding-pool.ts';

// The codec is compiled while there is nothing to code yet.
const compiled = loadCharls().then(({ encode }) =>
  encode(new Uint8Array(64), { width: 8, height: 8, bitsPerSample: 8 }),
);
void ignoreFailure(compiled, 'met again, and answered, with the first instance');

parentPort!.on('message', async ({ id, bytes }: ToCode) => {
  try {
    const { encoding, bytes: coded } = await codeInstance(new Blob([bytes]), { loadCharls });
    // An instance that coding does not help goes back as it came, so that nobody reads it from the disk again.
    const answer: CodedMessage = {
      id,
      encoding,
      bytes: encoding === null ? bytes : await coded.arrayBuffer(),
    };
    parentPort!.postMessage(answer, [answer.bytes]);
  } catch (error) {
    parentPort!.postMessage({
      id,
      fault: error instanceof Error ? error.name : 'Error',
    } satisfies CodedMessage);
  }
});
