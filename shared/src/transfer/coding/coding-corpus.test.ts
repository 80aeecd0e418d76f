/**
 * Real files, of every modality and transfer syntax that the corpus has, come out of the coding bit for bit.
 * Prints what it saves.
 */
import { openAsBlob } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { representativeFiles } from '#testing/corpus-files.ts';
import { skip, testEnvironment } from '#testing/environment.ts';
import { blobSource } from '../../dicom/byte-source.ts';
import { codeInstance } from './code-instance.ts';
import { loadCharls } from './load-charls.ts';
import { restoreInstance } from './restore-instance.ts';

const { corpus } = testEnvironment();
type Sum = { files: number; coded: number; bytes: number; codedBytes: number };

async function isRestored(instance: Blob, coded: Blob, encoding: string): Promise<boolean> {
  const pieces: Uint8Array[] = [];
  for await (const piece of restoreInstance(blobSource(coded), encoding, instance.size)) pieces.push(piece);
  return Buffer.concat(pieces).equals(Buffer.from(await instance.arrayBuffer()));
}

test('every real file is restored bit for bit, and no file grows', async () => {
  if (corpus === null) skip('lossless coding of real files', 'no corpus');
  const sums = new Map<string, Sum>();
  for (const { path, modality } of representativeFiles(corpus)) {
    const instance = await openAsBlob(join(corpus, path));
    const { encoding, bytes } = await codeInstance(instance, { loadCharls });
    if (encoding === null) assert.is(bytes, instance);
    else assert.ok(bytes.size < instance.size && (await isRestored(instance, bytes, encoding)), path);
    const sum = sums.get(modality ?? '?') ?? { files: 0, coded: 0, bytes: 0, codedBytes: 0 };
    sums.set(modality ?? '?', sum);
    sum.files += 1;
    sum.coded += encoding === null ? 0 : 1;
    sum.bytes += instance.size;
    sum.codedBytes += bytes.size;
  }
  for (const [modality, { files: count, coded, bytes, codedBytes }] of [...sums].sort()) {
    console.log(
      `  coded ${modality.padEnd(8)} ${coded} of ${count} files, ${(codedBytes / bytes).toFixed(2)} of their bytes`,
    );
  }
  assert.ok(sums.size > 0);
});

test.run();
