/**
 * The gateways' data directory on a small disk of its own (tmpfs), which can be full for a while: it is made
 * as small as what it holds. Where nothing can be mounted it is a plain folder, and nothing is ever full.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, rename, rm, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** The gateway keeps 512 MiB free; this disk takes memory only as far as it is written. */
const SIZE_BYTES = 3 * 2 ** 30;
/** Room for a few small writes: what a real full disk has too. */
const LEFT_BYTES = 256 * 1024;

export type Storage = {
  /** Why it cannot be filled; null where it can. */
  readonly why: string | null;
  fill(): Promise<void>;
  free(): Promise<void>;
  /** Removes the small disk; its files then lie in the folder itself. */
  unmount(): Promise<void>;
};

/** Mounts the disk; the files of the folder then lie on it. Null, or why it cannot be. */
async function mountOver(folder: string): Promise<string | null> {
  const before = `${folder}.before`;
  await rename(folder, before);
  await mkdir(folder, { mode: 0o700 });
  const why = await run('mount', [
    '-t',
    'tmpfs',
    '-o',
    `size=${SIZE_BYTES},mode=700`,
    'relay-chaos',
    folder,
  ]).then(
    () => null,
    (error: Error) => error.message.split('\n')[0]!,
  );
  await cp(before, folder, { recursive: true });
  await rm(before, { recursive: true });
  return why;
}

export async function openStorage(folder: string): Promise<Storage> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const why = await mountOver(folder);
  const resize = (bytes: number): Promise<unknown> => run('mount', ['-o', `remount,size=${bytes}`, folder]);
  return {
    why,
    async fill() {
      const { blocks, bfree, bsize } = await statfs(folder);
      // A write in the meantime makes it fail: no disk can be smaller than its contents.
      await resize((blocks - bfree) * bsize + LEFT_BYTES).catch(() =>
        resize((blocks - bfree) * bsize + 64 * LEFT_BYTES),
      );
    },
    free: async () => void (await resize(SIZE_BYTES)),
    async unmount() {
      if (why !== null) return;
      const beside = `${folder}.kept`;
      await cp(folder, beside, { recursive: true });
      await run('umount', ['-l', folder]);
      await rm(folder, { recursive: true });
      await rename(beside, folder);
    },
  };
}
