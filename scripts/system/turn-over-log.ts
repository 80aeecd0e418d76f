/**
 * Limits the size of a log that a running process appends to. The process keeps its open file, so the file is copied
 * and emptied, not renamed; lines that come between the two are lost. One older copy is kept, as `FILE.1`.
 */
import { copyFile, rm, stat, truncate } from 'node:fs/promises';
import { ignoreFailure } from '#shared/ignore-failure.ts';

/** A busy day of a ward, some 300 000 requests. */
const LIMIT_BYTES = 64 * 1024 ** 2;
/** In this time a flood of requests writes some MB. */
const LOOK_EVERY_MS = 10_000;

/**
 * Turns over the log once it is larger than the limit. On a full disk nothing is copied and the file is emptied all
 * the same: its room is needed. @throws Error where there is no such file.
 */
export async function turnOverLog(file: string, limitBytes = LIMIT_BYTES): Promise<void> {
  if ((await stat(file)).size <= limitBytes) return;
  await rm(`${file}.1`, { force: true });
  await ignoreFailure(copyFile(file, `${file}.1`), 'the disk is full');
  await truncate(file, 0);
}

/** Looks until it is told to end. */
export function limitLog(file: string): () => void {
  const look = (): void => void ignoreFailure(turnOverLog(file), 'it is looked at again');
  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  return () => clearInterval(timer);
}
