/** Database access to annotations. Rows are returned as they are stored. */
import type { Selectable } from 'kysely';
import type { ReviewAnnotationsTable, ReviewReportTable } from '../database/annotation-tables.ts';
import type { Db, Trx } from '../database/database.ts';
import type { StudyTable } from '../database/tables.ts';
import { standingOf, toInstance } from '../results/result-instance.store.ts';
import type { ResultInstance } from '#shared/protocol/inference.ts';

type AnnotationsRow = Selectable<ReviewAnnotationsTable>;
type ReportRow = Selectable<ReviewReportTable>;
/** `instance` null: the report has not been sent yet. */
export type ReportOnItsWay = ReportRow & {
  readonly instance: ResultInstance | null;
  /** When a receipt first named the report. */
  readonly confirmedAt: Date | null;
  readonly waiting: StudyTable['waiting_because'];
};
type Reading = Pick<AnnotationsRow, 'review_id' | 'place' | 'account_id'>;

/** The annotations of everybody who holds or held a place of the review. */
export async function annotationsOf(db: Db, reviewId: string): Promise<AnnotationsRow[]> {
  return db.selectFrom('review_annotations').selectAll().where('review_id', '=', reviewId).execute();
}

export async function findAnnotations(db: Db, reading: Reading): Promise<AnnotationsRow | undefined> {
  return db
    .selectFrom('review_annotations')
    .selectAll()
    .where('review_id', '=', reading.review_id)
    .where('place', '=', reading.place)
    .where('account_id', '=', reading.account_id)
    .executeTakeFirst();
}

/** Call it with the review locked. */
export async function writeAnnotations(trx: Trx, row: AnnotationsRow): Promise<void> {
  const { version, request_id, sealed, last_number, changed_at } = row;
  await trx
    .insertInto('review_annotations')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['review_id', 'place', 'account_id'])
        .doUpdateSet({ version, request_id, sealed, last_number, changed_at }),
    )
    .execute();
}

type PromisedReport = Pick<ReportRow, 'review_id' | 'place' | 'study_instance_uid'>;

export async function insertReports(trx: Trx, promised: readonly PromisedReport[]): Promise<void> {
  const none = { series_instance_uid: null, sop_instance_uid: null, because: null };
  await trx
    .insertInto('review_report')
    .values(promised.map((one) => ({ ...one, ...none })))
    .execute();
}

export async function updateReport(
  db: Db,
  { review_id, place, study_instance_uid }: PromisedReport,
  changes: Partial<Omit<ReportRow, keyof PromisedReport>>,
): Promise<void> {
  await db
    .updateTable('review_report')
    .set(changes)
    .where('review_id', '=', review_id)
    .where('place', '=', place)
    .where('study_instance_uid', '=', study_instance_uid)
    .execute();
}

/** Reports by reading and study, each with the state that it has reached and the newest receipt that names it. */
export async function reportsOf(db: Db, reviewId: string): Promise<readonly ReportOnItsWay[]> {
  const rows = await db
    .selectFrom('review_report')
    .selectAll()
    .where('review_id', '=', reviewId)
    .orderBy('place')
    .orderBy('study_instance_uid')
    .execute();
  if (rows.length === 0) return [];
  const standing = await standingOf(
    db,
    db
      .selectFrom('review_report')
      .innerJoin('review', 'review.id', 'review_report.review_id')
      .select(({ lit, ref, val }) => [
        'review.id as owner_id',
        'review.site_id',
        val('SR' as const).as('kind'),
        lit(1).as('revision'),
        ref('review_report.series_instance_uid').$notNull().as('series_instance_uid'),
        ref('review_report.sop_instance_uid').$notNull().as('sop_instance_uid'),
      ])
      .where('review_report.review_id', '=', reviewId)
      .where('review_report.sop_instance_uid', 'is not', null)
      .as('i'),
  );
  const found = new Map(standing.map((row) => [row.sop_instance_uid, row]));
  return rows.map((row) => {
    const at = found.get(row.sop_instance_uid ?? '');
    return {
      ...row,
      instance: at ? toInstance(at) : null,
      confirmedAt: at?.confirmed_at ?? null,
      waiting: at?.waiting_because ?? null,
    };
  });
}
