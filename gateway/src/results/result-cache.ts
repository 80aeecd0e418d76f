/**
 * Makes one key from the question that a result answers, so that the same image, models and parameters find the
 * existing result. The result of a file belongs to its sender: nobody learns that somebody else has sent the same
 * file.
 */
import { createHash } from 'node:crypto';
import type { Population } from '#shared/models/model.ts';
import type { Db } from '../database/database.ts';
import type { JobParameters } from '../database/inference-tables.ts';
import type { ResultRow } from './result.store.ts';

export type InputSource = 'file' | 'pacs';
/** `models`: a word for each model that is asked (`wordsOf`). `population`: the population that the device named. */
type CacheQuestion = {
  readonly inputDigest: string;
  /** The result of a file is never used for a study, nor that of a study for a file. */
  readonly source: InputSource;
  /**
   * The account that sent the file; null for an image in the PACS, whose result is shared by everybody with access to
   * it.
   */
  readonly sender: string | null;
  readonly frame: number;
  readonly models: readonly string[];
  readonly parameters: JobParameters;
  readonly population: Population | null;
};

/** Increase it when the same bytes and models give another answer because pixels or headers are read differently. */
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
