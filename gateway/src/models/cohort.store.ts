/** The cohorts of studies: the patient's sex and age band, from the images that models examined. */
import { sql } from 'kysely';
import type { CohortOfImage } from '#shared/models/cohort-of.ts';
import type { Trx } from '../database/database.ts';

/** Another image of the study may add a missing value, but the first value stays. */
export async function keepCohort(
  trx: Trx,
  { siteId, studyInstanceUID }: { readonly siteId: string; readonly studyInstanceUID: string },
  { sex, ageBand }: CohortOfImage,
): Promise<void> {
  if (sex === null && ageBand === null) return;
  await trx
    .insertInto('study_cohort')
    .values({ site_id: siteId, study_instance_uid: studyInstanceUID, sex, age_band: ageBand })
    .onConflict((conflict) =>
      conflict.columns(['site_id', 'study_instance_uid']).doUpdateSet({
        sex: sql`coalesce(study_cohort.sex, excluded.sex)`,
        age_band: sql`coalesce(study_cohort.age_band, excluded.age_band)`,
      }),
    )
    .execute();
}
