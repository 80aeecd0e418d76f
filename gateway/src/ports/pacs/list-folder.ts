/** The names in a folder are read some hundreds at a time, however many there are. */
import type { Dir } from 'node:fs';
import { opendir } from 'node:fs/promises';

const NAMES_AT_ONCE = 512;
/** libuv's number for an unknown kind (UV_DIRENT_UNKNOWN), and a number that Node knows as no kind. */
const UNKNOWN = 0;
const UNTOLD = 255;

/** Node's internal step between the system's answer and the entries: names, each with its kind. */
export type Reading = { processReadResult(path: string, result: readonly (string | number)[]): void };

/**
 * Where a share or an old file system tells no kind, an entry has none. Node would find it out by a synchronous call,
 * which blocks everything, for minutes if the share's server is gone.
 */
export async function listFolder(path: string): Promise<Dir> {
  const entries = (await opendir(path, { bufferSize: NAMES_AT_ONCE })) as Dir & Reading;
  const { processReadResult } = entries;
  entries.processReadResult = (folder, result) =>
    processReadResult.call(
      entries,
      folder,
      result.map((each) => (each === UNKNOWN ? UNTOLD : each)),
    );
  return entries;
}
