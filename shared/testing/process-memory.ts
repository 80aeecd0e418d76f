/**
 * How much memory another process holds, and held at most, read from Linux's /proc: for tests and benches of
 * bounds.
 *
 * The peak is the kernel's own count: nothing that is taken and given back between two looks is missed.
 */
import { readFile, writeFile } from 'node:fs/promises';

/** proc(5): VmRSS is the resident set, VmHWM its peak; both in kB of 1024 bytes. */
async function read(pid: number, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  if (kilobytes === undefined) throw new Error('the process has ended');
  return Number(kilobytes) * 1024;
}

/** Whether the machine can tell. */
export const canMeasureMemory = process.platform === 'linux';

/** Resident memory in bytes. Throws where the process has ended. */
export const residentBytes = (pid: number): Promise<number> => read(pid, 'VmRSS');

/**
 * The most that was resident since the start, or since `forgetPeak`, in bytes. Throws where the process has
 * ended.
 */
export const peakResidentBytes = (pid: number): Promise<number> => read(pid, 'VmHWM');

/**
 * The peak counts from now. proc(5): 5 in clear_refs resets "the peak resident set size to the process's
 * current value".
 */
export async function forgetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5');
}
