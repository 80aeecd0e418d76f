/**
 * How a study is cut: into batches that are named together, and into parcels. Both hold files of one series,
 * in order; files that claim one SOP Instance UID stay together, so that the same instance chosen twice is
 * found out. Cut as they are asked for: ten thousand files at once would be felt. Pure.
 */
import { parcelLimitBytes } from '#shared/transfer/parcel-sizes.ts';
import type { FoundFile, StudyGroup } from './group-studies.ts';

/** A row each in one transaction: more would be felt by who waits for it. */
const PARCEL_INSTANCES = 500;

/** Naming reads every byte once: batches that several workers share evenly, each one message. */
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

/** `wants` tells the files that have something to pack. Bytes are those of the files, before any coding. */
export function planParcels(study: StudyGroup, wants: (file: FoundFile) => boolean): Iterable<Chunk> {
  return cut(
    [...study.series.values()].map(({ files }) => files.filter(wants)),
    parcelLimitBytes,
    PARCEL_INSTANCES,
  );
}

/**
 * `limitOf`: the bytes of the nth chunk when so many are left; one larger group of files is a chunk alone.
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
