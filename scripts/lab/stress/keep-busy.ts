/**
 * A busy process of the stress: computes, walks through memory and writes to the disk in turn, until its parent ends.
 * Its file is unlinked from the start, so that nothing remains of it.
 */
import { createHash } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

/** Larger than the caches of processors. */
const MEMORY_BYTES = 256 * 1024 * 1024;
/** Bytes that a round writes to the disk; the round takes about a quarter of a second of one core. */
const BLOCK_BYTES = 32 * 1024 * 1024;

process.once('disconnect', () => process.exit());

const memory = Buffer.alloc(MEMORY_BYTES);
const place = join(tmpdir(), `relay-stress-${process.pid}`);
const file = await open(place, 'w');
await unlink(place);

for (let round = 0; ; round += 1) {
  memory.fill(round % 256);
  const block = memory.subarray(0, BLOCK_BYTES);
  createHash('sha256').update(block).update(block).digest();
  await file.write(block, 0, BLOCK_BYTES, 0);
  await file.sync();
  await turn();
}
