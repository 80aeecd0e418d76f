/** A temporary folder for as long as the work in it takes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-test-'));
  return work(folder).finally(() => rm(folder, { recursive: true, force: true }));
}
