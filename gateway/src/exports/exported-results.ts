/** The results of models for cases, with the verdicts of people on them. */
import { sql } from 'kysely';
import type { Case } from '#shared/protocol/cases.ts';
import type { Db } from '../database/database.ts';

export type ExportedResult = {
  readonly model: string;
  readonly version: string;
  readonly score: number | null;
  readonly positive: boolean | null;
  /** The kind of image that a model saw. */
  readonly kind: string | null;
  readonly at: string;
  readonly verdict: string | null;
  readonly corrected: string | null;
};

/** By case: the results that the list of cases shows the reader. */
export async function resultsOf(
  db: Db,
  cases: readonly Pick<Case, 'id' | 'studies'>[],
): Promise<ReadonlyMap<string, readonly ExportedResult[]>> {
  const shown = new Map(cases.map(({ id, studies }) => [id, studies.flatMap(({ results }) => results)]));
  const found = await readResults(db, [...new Set([...shown.values()].flat().map(({ id }) => id))]);
  return new Map(
    [...shown].map(([caseId, of]) => [
      caseId,
      of.flatMap(({ id, verdict, correctedFinding: corrected }) => {
        const result = found.get(id);
        return result === undefined ? [] : [{ ...result, verdict, corrected }];
      }),
    ]),
  );
}

type ReadResult = Omit<ExportedResult, 'verdict' | 'corrected'>;

async function readResults(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, ReadResult>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('inference_result')
    .select(['id', 'model_id', 'version', 'created_at'])
    .select(sql<number | null>`(finding->>'score')::float8`.as('score'))
    .select(sql<boolean | null>`(finding->>'positive')::boolean`.as('positive'))
    .select('image_kind as kind')
    .where('id', 'in', [...ids])
    .execute();
  return new Map(
    rows.map(({ id, model_id: model, created_at, ...row }) => [
      id,
      { ...row, model, at: created_at.toISOString() },
    ]),
  );
}
