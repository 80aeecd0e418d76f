/**
 * The question that a result answers, as one key: the same image, models and parameters find the result that is
 * there. A file's result is its sender's: nobody learns that somebody else has sent the same file.
 */
import { createHash } from 'node:crypto';
import type { Population } from '#shared/models/model.ts';
import type { Db } from '../database/database.ts';
import type { JobParameters } from '../database/inference-tables.ts';
import type { ResultRow } from './result.store.ts';

export type InputSource = 'file' | 'pacs';
/** `models`: a word for each model that is asked (`wordsOf`). `population`: as the device said. */
type CacheQuestion = {
  readonly inputDigest: string;
  /** A file's result is never a study's, nor the other way round. */
  readonly source: InputSource;
  /** The account that sent the file; null: what lies in the PACS is for everybody who reaches it. */
  readonly sender: string | null;
  readonly frame: number;
  readonly models: readonly string[];
  readonly parameters: JobParameters;
  readonly population: Population | null;
};

/** Raised when the same bytes and models give another answer, because pixels or headers are read differently. */
const READING = 3;

export function cacheKey({
  inputDigest,
  source,
  sender,
  frame,
  models,
  parameters,
  population,
}: CacheQuestion): string {
  const { threshold = null, steps = null, explain } = parameters;
  const asked = [
    READING,
    inputDigest,
    source,
    sender,
    frame,
    [...models].sort(),
    threshold,
    steps,
    explain === undefined ? null : [...explain].sort(),
    population,
  ];
  return createHash('sha256').update(JSON.stringify(asked)).digest('hex');
}

export async function findCached(db: Db, siteId: string, key: string): Promise<ResultRow | undefined> {
  return db
    .selectFrom('inference_result')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('cache_key', '=', key)
    .executeTakeFirst();
}
