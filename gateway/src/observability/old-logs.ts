/** Log files of the data directory that are older than they are kept. */
import { copyFile, open, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoreFailure } from '#shared/ignore-failure.ts';

const LOGS = ['gateway.log', join('pacs', 'orthanc.log')] as const;
const FIRST_LINE_BYTES = 4096;

/**
 * Turns a log over: the process that appends to it keeps its open file, so the file is copied and emptied, not renamed;
 * lines that come between the two are lost. On a full disk nothing is copied and the file is emptied all the same: its
 * room is needed. @throws Error where there is no such file.
 */
export async function turnOver(file: string): Promise<void> {
  await rm(`${file}.1`, { force: true });
  await ignoreFailure(copyFile(file, `${file}.1`), 'the disk is full');
  await truncate(file, 0);
}

/**
 * Removes older copies whose last line is from before, and turns over a log whose first line is. So a line is gone at
 * the latest after twice the time.
 */
export async function removeOldLogs(
  { dataDir, logFile }: { readonly dataDir: string; readonly logFile: string | null },
  before: Date,
): Promise<void> {
  for (const file of [...LOGS.map((name) => join(dataDir, name)), ...(logFile === null ? [] : [logFile])]) {
    const old = await stat(`${file}.1`).catch(() => null);
    if (old !== null && old.mtime < before) await rm(`${file}.1`, { force: true });
    const began = await firstTime(file);
    if (began !== null && began < before) await turnOver(file);
  }
}

/** Of the first line that says one; null: there is none. */
async function firstTime(path: string): Promise<Date | null> {
  try {
    await using file = await open(path, 'r');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(FIRST_LINE_BYTES));
    const found = /\d{4}-\d\d-\d\dT[\d:.]{8,12}Z/.exec(buffer.toString('latin1', 0, bytesRead));
    return found && new Date(found[0]);
  } catch {
    return null;
  }
}
