/**
 * Cuts a study into batches that are named together, and into parcels. Both contain files of one series, in order.
 * Files with the same SOP Instance UID stay together, so that an instance chosen twice is detected. The cutting is
 * lazy, because ten thousand files at once would block the page. Pure.
 */
import { parcelLimitBytes } from '#shared/transfer/parcel-sizes.ts';
import type { FoundFile, StudyGroup } from '../found/group-studies.ts';

/** Every instance is a row in one transaction; with more rows a person would notice the delay. */
const PARCEL_INSTANCES = 500;

/**
 * Naming reads every byte once. These limits make batches that several workers can share evenly, each in one message.
 */
const BATCH_BYTES = 16 * 1024 * 1024;
const BATCH_FILES = 200;

type Chunk = readonly FoundFile[];

export function planBatches(study: StudyGroup): Iterable<Chunk> {
  return cut(
    [...study.series.values()].map(({ files }) => files),
    () => BATCH_BYTES,
    BATCH_FILES,
  );
}

/** `wants` selects the files to pack. Sizes are those of the files, before any coding. */
export function planParcels(study: StudyGroup, wants: (file: FoundFile) => boolean): Iterable<Chunk> {
  return cut(
    [...study.series.values()].map(({ files }) => files.filter(wants)),
    parcelLimitBytes,
    PARCEL_INSTANCES,
  );
}

/**
 * `limitOf`: the limit of the nth chunk in bytes when `left` bytes remain. A larger group of files becomes a chunk of
 * its own.
 */
function* cut(
  series: readonly (readonly FoundFile[])[],
  limitOf: (nth: number, left: number) => number,
  filesLimit: number,
): Generator<Chunk> {
  let nth = 0;
  let left = series.reduce((sum, files) => sum + bytesOf(files), 0);
  for (const files of series) {
    let chunk: FoundFile[] = [];
    let bytes = 0;
    for (const group of groupsOf(files)) {
      const size = bytesOf(group);
      if (
        chunk.length > 0 &&
        (bytes + size > limitOf(nth, left) || chunk.length + group.length > filesLimit)
      ) {
        yield chunk;
        nth += 1;
        left -= bytes;
        chunk = [];
        bytes = 0;
      }
      chunk.push(...group);
      bytes += size;
    }
    if (chunk.length > 0) {
      yield chunk;
      nth += 1;
    }
    left -= bytes;
  }
}

function bytesOf(files: readonly FoundFile[]): number {
  return files.reduce((sum, { file }) => sum + file.bytes, 0);
}

function groupsOf(files: readonly FoundFile[]): Iterable<readonly FoundFile[]> {
  return Map.groupBy(
    files.toSorted((a, b) => a.ordinal - b.ordinal),
    (found) => found.sopInstanceUID,
  ).values();
}
