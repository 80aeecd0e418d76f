/**
 * Storage commitment requests, and the PACS's reports on them. They are notes: no state depends on one, and a lost one
 * is asked again.
 */
import { sql } from 'kysely';
import type { Db } from '../../database/database.ts';
import type { PlacedStudy } from '../../database/tables.ts';
import type { CommitmentReport } from '../../ports/pacs/pacs.ts';
import { minutesNow } from './tally.store.ts';

export type Commitment = {
  readonly transactionUID: string;
  readonly askedMinute: number;
  /** By SOP Instance UID: when each instance in the request was posted. */
  readonly instances: Readonly<Record<string, string>>;
  /** Null: the PACS has not reported. */
  readonly report: Pick<CommitmentReport, 'committed' | 'failed'> | null;
};

type StoredReport = {
  readonly committed: readonly string[];
  readonly failed: Readonly<Record<string, number>>;
};

/** Call it before the PACS is asked, because its report may come at once. */
export async function noteQuestion(
  db: Db,
  studyId: string,
  asked: { readonly transactionUID: string; readonly instances: Commitment['instances'] },
): Promise<void> {
  await db
    .insertInto('commitment')
    .values({
      transaction_uid: asked.transactionUID,
      study_id: studyId,
      instances: JSON.stringify(asked.instances),
      asked_minute: minutesNow(),
    })
    .execute();
}

/** The newest first. */
export async function questionsOf(db: Db, studyId: string): Promise<readonly Commitment[]> {
  const rows = await db
    .selectFrom('commitment')
    .select(['transaction_uid', 'asked_minute', 'instances', 'report'])
    .where('study_id', '=', studyId)
    .orderBy('id', 'desc')
    .execute();
  return rows.map(({ transaction_uid: transactionUID, asked_minute: askedMinute, instances, report }) => ({
    transactionUID,
    askedMinute,
    instances: instances as Commitment['instances'],
    report: report === null ? null : toReport(report as StoredReport),
  }));
}

const toReport = ({ committed, failed }: StoredReport): NonNullable<Commitment['report']> => ({
  committed: new Set(committed),
  failed: new Map(Object.entries(failed)),
});

/** The study that a request is about. Undefined: the gateway made no such request, or no longer waits for an answer. */
export async function studyOfQuestion(db: Db, transactionUID: string): Promise<PlacedStudy | undefined> {
  return db
    .selectFrom('commitment')
    .innerJoin('study', 'study.id', 'commitment.study_id')
    .select(['study.site_id', 'study.study_instance_uid', 'study.destination_id'])
    .where('commitment.transaction_uid', '=', transactionUID)
    .executeTakeFirst();
}

/**
 * Only the first report on a request counts, and only for the instances in the request. False: the gateway made no such
 * request, or no longer waits for an answer.
 */
export async function noteReport(db: Db, report: CommitmentReport): Promise<boolean> {
  const row = await db
    .selectFrom('commitment')
    .select('instances')
    .where('transaction_uid', '=', report.transactionUID)
    .executeTakeFirst();
  const asked = Object.keys((row?.instances ?? {}) as Commitment['instances']);
  const stored: StoredReport = {
    committed: asked.filter((uid) => report.committed.has(uid)),
    failed: Object.fromEntries(asked.flatMap((uid) => reasonIn(report, uid))),
  };
  const { numUpdatedRows } = await db
    .updateTable('commitment')
    .set({ report: JSON.stringify(stored) })
    .where('transaction_uid', '=', report.transactionUID)
    .where('report', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

function reasonIn({ failed }: CommitmentReport, uid: string): readonly (readonly [string, number])[] {
  const reason = failed.get(uid);
  return reason === undefined ? [] : [[uid, reason]];
}

/** The PACS will be asked about these again, as if for the first time. */
export async function forgetAnswers(
  db: Db,
  studyId: string,
  sopInstanceUIDs: readonly string[],
): Promise<void> {
  if (sopInstanceUIDs.length === 0) return;
  await db
    .updateTable('commitment')
    .set({ instances: sql`instances - ${[...sopInstanceUIDs]}::text[]` })
    .where('study_id', '=', studyId)
    .execute();
}

export async function forgetQuestions(db: Db, studyId: string): Promise<void> {
  await db.deleteFrom('commitment').where('study_id', '=', studyId).execute();
}
