/**
 * Folders for tests in the machine's memory: thousands of small files cost a tenth there of what they cost on a disk.
 * Each names the process it belongs to; those of processes that were killed are removed when the next one is made.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ignoreFailure } from '#shared/ignore-failure.ts';

const MEMORY = '/dev/shm';

/** A process that was killed leaves its folder, and memory is scarce. */
async function removeLeftovers(prefix: string): Promise<void> {
  for (const name of await readdir(MEMORY)) {
    const [, of, pid] = /^(.+)-(\d+)-[^-]+$/.exec(name) ?? [];
    if (of !== prefix || existsSync(`/proc/${pid}`)) continue;
    await ignoreFailure(rm(join(MEMORY, name), { recursive: true, force: true }), 'it is another account’s');
  }
}

/**
 * A new folder of this process, in memory where so many bytes are free there; a container's 64 MB would fill up. The
 * caller removes it.
 */
export async function makeMemoryFolder(prefix: string, neededBytes: number): Promise<string> {
  const room = await ignoreFailure(statfs(MEMORY), 'only Linux has it');
  if (room === undefined || room.bavail * room.bsize < neededBytes)
    return mkdtemp(join(tmpdir(), `${prefix}-`));
  await removeLeftovers(prefix);
  return mkdtemp(join(MEMORY, `${prefix}-${process.pid}-`));
}
