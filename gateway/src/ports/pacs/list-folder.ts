/** The names in a folder, some hundreds at a time, however many there are. */
import type { Dir } from 'node:fs';
import { opendir } from 'node:fs/promises';

const NAMES_AT_ONCE = 512;
/** The number of libuv for a kind that is not told (UV_DIRENT_UNKNOWN), and one that is no kind to Node. */
const UNKNOWN = 0;
const UNTOLD = 255;

/** Node's own step between the system's answer and its entries: names, each with its kind. */
export type Reading = { processReadResult(path: string, result: readonly (string | number)[]): void };

/**
 * An entry is of no kind at all where a share or an old file system tells none. Node would find it out by a call that
 * holds everything up, for minutes where the share's server is gone.
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
