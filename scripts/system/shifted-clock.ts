/**
 * Processes whose clock is wrong, for the lab: libfaketime reads the offset from a file, which may change while they
 * run. Timers and durations are not affected.
 */
import { access, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const FAKETIME = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/faketime/libfaketimeMT.so.1',
];

/** The library of the `faketime` package; null where it is not installed. */
export async function findFaketime(): Promise<string | null> {
  for (const path of FAKETIME)
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  return null;
}

/** The environment of a process whose clock is set by the file `stamp`; empty without the library. */
export function shiftedClock(library: string | null, stamp: string): Record<string, string> {
  if (library === null) return {};
  return {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: stamp,
    FAKETIME_CACHE_DURATION: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1',
  };
}

/** The shared memory that libfaketime leaves behind when a process is killed. */
export async function sweepClock(pid: number | undefined): Promise<void> {
  await Promise.all(
    [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`].map((name) =>
      rm(join('/dev/shm', name), { force: true }),
    ),
  );
}

/** The clock of every process with this file runs so many seconds ahead, or behind, within a second. */
export async function setClock(stamp: string, seconds: number): Promise<void> {
  const draft = `${stamp}.new`;
  await writeFile(draft, `${seconds < 0 ? '-' : '+'}${Math.abs(Math.round(seconds))}\n`);
  await rename(draft, stamp);
}
