/**
 * The results that were opened last, with their pictures, so that going back to one needs no link. Kept in memory only,
 * until the pages of results are left. Pictures of older results are freed.
 */
import type { Result, ExplanationMethod } from '#shared/protocol/inference.ts';

/** A blob's address; null while it is fetched; `missing` if that failed. */
export type Picture = string | null | 'missing';
export type Pictures = ReadonlyMap<ExplanationMethod, Picture>;

export type KeptResult = {
  readonly result: Result;
  readonly pictures: Pictures;
  readonly mayHoldName: boolean;
};

export interface KeptResults {
  /** Hands a kept result over to its page, which frees its pictures or stores them again. */
  take(id: string): KeptResult | null;
  keep(id: string, kept: KeptResult): void;
  /** Updates a kept result after a verdict was saved, unless a later revision is kept. */
  note(result: Result): void;
  close(): void;
}

/** A person goes back one or two results; each may hold four pictures. */
const KEPT = 5;

export function freePictures(pictures: Pictures): void {
  for (const picture of pictures.values())
    if (picture !== null && picture !== 'missing') URL.revokeObjectURL(picture);
}

export function createKeptResults(): KeptResults {
  const all = new Map<string, KeptResult>();
  let isClosed = false;
  const forget = (id: string) => {
    freePictures(all.get(id)?.pictures ?? new Map());
    all.delete(id);
  };
  return {
    take(id) {
      const kept = all.get(id) ?? null;
      all.delete(id);
      return kept;
    },
    keep(id, kept) {
      forget(id);
      if (isClosed) return freePictures(kept.pictures);
      all.set(id, kept);
      // Maps keep insertion order, so the first entry is the oldest.
      for (const oldest of [...all.keys()].slice(0, -KEPT)) forget(oldest);
    },
    note(result) {
      const kept = all.get(result.id);
      if (kept && kept.result.revision <= result.revision) all.set(result.id, { ...kept, result });
    },
    close() {
      isClosed = true;
      for (const id of [...all.keys()]) forget(id);
    },
  };
}
