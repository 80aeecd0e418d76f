/**
 * How a study is cut: into batches that are named together, and into parcels. Both hold files of one series, in order; files that claim one
 * SOP Instance UID stay together, so that the same instance chosen twice is found out. Pure.
 */
import type { FoundFile, StudyGroup } from './found-studies.ts';

/** 16 MiB: a tus upload that is lost costs little, and its headers weigh nothing; larger instances travel alone. */
const PARCEL_BYTES = 16 * 1024 * 1024;
/** A row each in one transaction: more would be felt by who waits for it. */
const PARCEL_INSTANCES = 500;
/** The first ones are small, so that the wire is busy at once. */
const FIRST_PARCELS_BYTES = [2, 4, 8].map((size) => size * 1024 * 1024);

/** Naming reads every byte once: batches that several workers share evenly, each one message. */
const BATCH_BYTES = 16 * 1024 * 1024;
const BATCH_FILES = 200;

type Chunk = readonly FoundFile[];

export function planBatches(study: StudyGroup): readonly Chunk[] {
  return cut([...study.series.values()].map(({ files }) => files), () => BATCH_BYTES, BATCH_FILES);
}

/** `wants` tells the files that have something to pack. Bytes are those of the files, before any coding. */
export function planParcels(study: StudyGroup, wants: (file: FoundFile) => boolean): readonly Chunk[] {
  const limit = (parcel: number) => FIRST_PARCELS_BYTES[parcel] ?? PARCEL_BYTES;
  return cut([...study.series.values()].map(({ files }) => files.filter(wants)), limit, PARCEL_INSTANCES);
}

/** `limitOf`: the bytes of the nth chunk; one larger group of files is a chunk alone. */
function cut(series: readonly (readonly FoundFile[])[], limitOf: (nth: number) => number, filesLimit: number): Chunk[] {
  const chunks: FoundFile[][] = [];
  for (const files of series) {
    let chunk: FoundFile[] = [];
    let bytes = 0;
    for (const group of groupsOf(files)) {
      const size = group.reduce((sum, found) => sum + found.file.bytes, 0);
      if (chunk.length > 0 && (bytes + size > limitOf(chunks.length) || chunk.length + group.length > filesLimit)) {
        chunks.push(chunk);
        chunk = [];
        bytes = 0;
      }
      chunk.push(...group);
      bytes += size;
    }
    if (chunk.length > 0) chunks.push(chunk);
  }
  return chunks;
}

function groupsOf(files: readonly FoundFile[]): Iterable<readonly FoundFile[]> {
  return Map.groupBy(files.toSorted((a, b) => a.ordinal - b.ordinal), (found) => found.sopInstanceUID).values();
}
