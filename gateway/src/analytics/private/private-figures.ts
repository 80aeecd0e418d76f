/**
 * Figures with noise. The groups depend only on the query and on what the gateway has (the days of the period,
 * versions, types of review), never on the data, so the presence of a group reveals nothing. All counts are of studies,
 * and each study is in few of them.
 */
import { sql } from 'kysely';
import type { z } from 'zod';
import { MODELS_READERS, OPERATIONS_READERS } from '#shared/protocol/analytics.ts';
import type { Role } from '#shared/protocol/api.ts';
import { CASE_KEEPERS } from '#shared/protocol/keepers.ts';
import {
  type DataSet,
  type PrivateModels,
  privateModelsSchema,
  type PrivateOperations,
  privateOperationsSchema,
  type PrivateReviews,
  privateReviewsSchema,
} from '#shared/protocol/private-figures.ts';
import type { Trx } from '../../database/database.ts';
import { versionsOf } from '../../models/model.store.ts';
import { isNotBlinded } from '../../findings/result-reach.ts';
import { reviewTypes } from '../../reviews/review-type.store.ts';
import { all, isOfModality, laterDay, patientConditions, saidOf, type Asked, type Asking } from '../asked.ts';
import { isStudyOfCohort, UNDER_WAY } from '../count-reviews.ts';
import { readUploads } from '../read-uploads.ts';
import { countChangedDays } from '../kept-days.ts';
import { uploadDays } from '../upload-days.ts';
import { payAndTell, readTold, type PrivateTools } from './privacy-budget.ts';

/** The roles that may ask for figures with noise: all that may ask for exact figures, and researchers. */
export const PRIVATE_READERS = {
  operations: [...OPERATIONS_READERS, 'researcher'],
  models: MODELS_READERS,
  reviews: [...CASE_KEEPERS, 'researcher'],
} as const satisfies Record<DataSet, readonly Role[]>;
type Answers = { operations: PrivateOperations; models: PrivateModels; reviews: PrivateReviews };
const SCHEMAS: { readonly [Of in DataSet]: z.ZodType<Answers[Of]> } = {
  operations: privateOperationsSchema,
  models: privateModelsSchema,
  reviews: privateReviewsSchema,
};

/** Call it only if one of the caller's roles may ask. */
function questionOf<Of extends DataSet>(of: Of, caller: Asking, asked: Asked) {
  return { caller, of, asked, schema: SCHEMAS[of], readers: PRIVATE_READERS[of] };
}

/** Reads an answer that has already been paid for. */
export const tellAgain = <Of extends DataSet>(
  { db, now }: Pick<PrivateTools, 'db' | 'now'>,
  of: Of,
  caller: Asking,
  asked: Asked,
) => readTold<Answers[Of]>(db, questionOf(of, caller, asked), now());

/** A study changes two counts: the total, and the count of the day on which it was first sent in the period. */
export async function tellOperations(
  tools: PrivateTools,
  caller: Asking,
  asked: Asked,
): Promise<PrivateOperations> {
  // This comes before the payment, because others have to wait for the transaction that pays.
  await countChangedDays(tools.db, { of: uploadDays, siteId: caller.siteId }, asked);
  return payAndTell(tools, questionOf('operations', caller, asked), async (trx, noiseFor) => {
    const { noise, noisy } = noiseFor(2);
    const sent = await studiesByDay(trx, caller.siteId, asked);
    const total = [...sent.values()].reduce((sum, studies) => sum + studies, 0);
    const days: string[] = [];
    for (let day = asked.from; day <= asked.to; day = laterDay(day, 1)) days.push(day);
    return {
      ...{ ...saidOf(asked), noise },
      total: {
        studies: noisy(total),
        ...{ uploads: null, instances: null, bytes: null, retries: null, toPacsMs: null, shows: null },
      },
      days: days.map((day) => ({ day, studies: noisy(sent.get(day) ?? 0) })),
      ...{ hours: null, accounts: null, devices: null, modalities: null, refusals: null },
    };
  });
}

/** Counts each study on the day on which it was first sent in the period. */
async function studiesByDay(trx: Trx, siteId: string, asked: Asked): Promise<ReadonlyMap<string, number>> {
  const { days, day, rows } = await readUploads(trx, siteId, asked);
  const seen = new Set<number>();
  const sent = new Map<string, number>();
  for (const [row, at] of day.entries()) {
    const study = rows.placeOf(row);
    if (seen.has(study)) continue;
    seen.add(study);
    const name = days[at]!;
    sent.set(name, (sent.get(name) ?? 0) + 1);
  }
  return sent;
}

/** A study changes the total and at most one count per version, if all versions looked at it. */
export async function tellModels(tools: PrivateTools, caller: Asking, asked: Asked): Promise<PrivateModels> {
  return payAndTell(tools, questionOf('models', caller, asked), async (trx, noiseFor) => {
    const versions = await versionsOf(trx, caller.siteId);
    const { noise, noisy } = noiseFor(versions.length + 1);
    const rows = await studiesByVersion(trx, caller, asked);
    const studies = (model: string | null, version: string | null): number =>
      noisy(rows.find((row) => row.model === model && row.version === version)?.studies ?? 0);
    return {
      ...{ ...saidOf(asked), noise, total: { studies: studies(null, null) } },
      models: versions.map(({ model_id: id, version }) => ({
        ...{ id, version },
        total: {
          studies: studies(id, version),
          ...{ results: null, agreed: null, corrected: null, disagreements: null, shows: null },
        },
        ...{ series: null, calibration: null, use: null },
      })),
    };
  });
}

type OfVersion = {
  /** Null: the total over all models. */
  readonly model: string | null;
  readonly version: string | null;
  readonly studies: number;
};

async function studiesByVersion(trx: Trx, caller: Asking, asked: Asked): Promise<readonly OfVersion[]> {
  const { since, until, cohort } = asked;
  const filters = [
    ...patientConditions('c', cohort),
    ...(cohort.modality === undefined ? [] : [isOfModality('r.sop_class_uid', cohort.modality)]),
  ];
  const { rows } = await sql<OfVersion>`
    select r.model_id as model, r.version, count(distinct r.study_instance_uid)::int as studies
    from inference_result r
    left join study_cohort c on c.site_id = r.site_id and c.study_instance_uid = r.study_instance_uid
    where r.site_id = ${caller.siteId} and r.created_at >= ${since} and r.created_at < ${until}
      and ${isNotBlinded('r', caller)} and ${all(filters)}
    group by grouping sets ((), (r.model_id, r.version))`.execute(trx);
  return rows;
}

/**
 * A study may be in cases with settled and with open reviews of every type, so it changes up to two counts per type.
 */
export async function tellReviews(
  tools: PrivateTools,
  caller: Asking,
  asked: Asked,
): Promise<PrivateReviews> {
  return payAndTell(tools, questionOf('reviews', caller, asked), async (trx, noiseFor) => {
    const types = await reviewTypes.list(trx, caller.siteId);
    const { noise, noisy } = noiseFor(2 * types.length);
    const rows = await studiesByType(trx, caller.siteId, asked);
    return {
      ...{ ...saidOf(asked), noise },
      turnaround: types.map(({ name, definition }) => ({
        ...{ type: name, title: definition.title },
        settled: noisy(rows.get(name)?.settled ?? 0),
        open: noisy(rows.get(name)?.open ?? 0),
        ...{ hours: null, days: null },
      })),
      ...{ workload: null, types: null },
    };
  });
}

type OfType = { readonly type: string; readonly settled: number; readonly open: number };

/** Only the study's own cohort is used. With the cohort of its case, one study would change the counts of others. */
async function studiesByType(trx: Trx, siteId: string, asked: Asked): Promise<ReadonlyMap<string, OfType>> {
  const { since, until } = asked;
  const { rows } = await sql<OfType>`
    select r.type_name as type,
      (count(distinct cs.study_instance_uid) filter (where r.state = 'settled' and r.settled_at >= ${since}
        and r.settled_at < ${until}))::int as settled,
      (count(distinct cs.study_instance_uid) filter (where ${UNDER_WAY}))::int as open
    from review r join case_study cs on cs.case_id = r.case_id
    left join study_cohort c on c.site_id = cs.site_id and c.study_instance_uid = cs.study_instance_uid
    where r.site_id = ${siteId} and ${isStudyOfCohort(asked)} group by 1`.execute(trx);
  return new Map(rows.map((row) => [row.type, row]));
}
