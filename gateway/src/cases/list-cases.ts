/**
 * A page of the cases that a reader may see: filtered, in one of five orders, starting after the last case of the page
 * before.
 */
import { sql, type RawBuilder } from 'kysely';
import {
  CASE_PRIORITIES,
  type CASE_FINDINGS,
  type CaseBodyPart,
  type CasePriority,
  type CaseSort,
  type CaseStatus,
} from '#shared/protocol/cases.ts';
import { classPatternOf } from '#shared/dicom/modalities-of.ts';
import type { Db } from '../database/database.ts';
import { mayKnowResult } from '../findings/result-reach.ts';
import { blindStudies } from '../findings/blinding.ts';
import { kindsOf } from './body-parts.ts';
import { isVisible, mayKnowStudy, type CaseReader } from '../findings/case-rights.ts';
import { isEarlyCase } from './early-marks.ts';
import type { CaseRow } from './case.store.ts';
import type { FoundPatient } from './find-by-patient.ts';

/**
 * Criteria for cases; undefined: no restriction. A case matches if it was opened at or after `from` and before `until`.
 */
export type CaseQuestion = {
  /** The number of a case or, if it contains a dot, a part of the Study Instance UID of one of its studies. */
  readonly text?: string | undefined;
  /** The Study Instance UID of one of its studies. */
  readonly study?: string | undefined;
  readonly status?: CaseStatus | 'active' | undefined;
  readonly priority?: CasePriority | undefined;
  /** The id of an account; null: unassigned. */
  readonly assigneeId?: string | null | undefined;
  readonly dueUntil?: string | undefined;
  readonly modality?: string | undefined;
  /** The body part that a model saw in one of the studies. */
  readonly bodyPart?: CaseBodyPart | undefined;
  /** The automatic check on the device marked one of the studies for early reading. */
  readonly early?: 'marked' | undefined;
  readonly finding?: (typeof CASE_FINDINGS)[number] | undefined;
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
  readonly ids?: readonly string[] | undefined;
  /** Cases of these studies, those that wait for a number with such a keyed hash, and those that `text` names. */
  readonly patient?: Pick<FoundPatient, 'studyInstanceUIDs' | 'expectedPrints' | 'text'> | undefined;
};
/** The criteria for one page. */
export type CaseQuery = CaseQuestion & {
  readonly sort: CaseSort;
  /** The last case of the page before. */
  readonly after?: { readonly value: string; readonly number: number } | undefined;
  readonly limit: number;
};

type Condition = RawBuilder<boolean>;
type Order = {
  /** The value that is compared first; null: cases are ordered by number only. */
  readonly by: RawBuilder<unknown> | null;
  readonly valueOf: (row: CaseRow) => string;
  readonly isDescending: boolean;
  /** Whether cases with equal values are ordered by descending number. */
  readonly newestFirst: boolean;
};

/** Later than any real date, so cases without a due date come last. */
const NEVER = '9999-12-31';
/** Must be the same expression as in the index. */
const DUE_ON = sql`coalesce(case_record.due_on, ${sql.lit(NEVER)})`;

const ORDERS: Readonly<Record<CaseSort, Order>> = {
  newest: { by: null, valueOf: () => '', isDescending: true, newestFirst: true },
  oldest: { by: null, valueOf: () => '', isDescending: false, newestFirst: false },
  changed: {
    by: sql`case_record.changed_at`,
    valueOf: ({ changed_at }) => changed_at.toISOString(),
    isDescending: true,
    newestFirst: true,
  },
  due: {
    by: DUE_ON,
    valueOf: ({ due_on }) => due_on ?? NEVER,
    isDescending: false,
    newestFirst: true,
  },
  priority: {
    by: sql`case_record.priority`,
    valueOf: ({ priority }) => `${priority}`,
    isDescending: false,
    newestFirst: true,
  },
};

/** A cursor for the page after this case, in the order of `sort`. */
export const cursorOf = (sort: CaseSort, row: CaseRow): string =>
  `${sort}~${ORDERS[sort].valueOf(row)}~${row.number}`;

const VALUES: Readonly<Record<CaseSort, RegExp>> = {
  newest: /^$/,
  oldest: /^$/,
  changed: /^[12]\d{3}-\d\d-\d\dT[\d:.]{12}Z$/,
  due: /^\d{4}-\d\d-\d\d$/,
  priority: /^\d$/,
};

/** Null: the text is not a cursor of this order. */
export function parseCursor(sort: CaseSort, text: string): { value: string; number: number } | null {
  const [of, value = '', number = ''] = text.split('~');
  if (of !== sort || !VALUES[sort].test(value) || !/^\d{1,9}$/.test(number)) return null;
  if (sort === 'changed' && Number.isNaN(Date.parse(value))) return null;
  return { value, number: Number(number) };
}

/** Returns at most `limit` rows, and whether there are more. */
export async function listCases(
  db: Db,
  reader: CaseReader,
  query: CaseQuery,
): Promise<{ readonly rows: readonly CaseRow[]; readonly more: boolean }> {
  const { by, isDescending, newestFirst } = ORDERS[query.sort];
  let select = db
    .selectFrom('case_record')
    .selectAll()
    .where(await isVisible(db, reader))
    .limit(query.limit + 1);
  for (const condition of conditionsOf(query, await knownTo(db, reader))) select = select.where(condition);
  if (query.after !== undefined) select = select.where(isAfter(query.sort, query.after));
  if (by !== null) select = select.orderBy(by, isDescending ? 'desc' : 'asc');
  const rows = await select.orderBy('number', newestFirst ? 'desc' : 'asc').execute();
  return { rows: rows.slice(0, query.limit), more: rows.length > query.limit };
}

export async function countCases(db: Db, reader: CaseReader, question: CaseQuestion): Promise<number> {
  let select = db
    .selectFrom('case_record')
    .select(sql<number>`count(*)::int`.as('count'))
    .where(await isVisible(db, reader));
  for (const condition of conditionsOf(question, await knownTo(db, reader))) select = select.where(condition);
  return (await select.executeTakeFirstOrThrow()).count;
}

/** Conditions on `c`, a study of a case, and on `r`, a result: the reader may know of it. */
type Known = {
  readonly siteId: string;
  readonly study: Condition;
  readonly result: Condition;
  /** On the case: one of its studies is marked for early reading. */
  readonly isEarly: Condition;
  /** On the case: the reader is to read one of its studies without the models' answers. */
  readonly isHidden: Condition;
};

/**
 * Filters only take into account what the reader is shown. Otherwise they would reveal the other studies and results.
 */
const knownTo = async (db: Db, reader: CaseReader): Promise<Known> => ({
  siteId: reader.siteId,
  study: await mayKnowStudy(db, reader, 'c.study_instance_uid'),
  result: await mayKnowResult(db, reader, 'r'),
  isEarly: await isEarlyCase(db, reader, sql`case_record.id`),
  isHidden: sql`case_record.id = any(array(select c.case_id from case_study c
    where c.site_id = ${reader.siteId} and c.study_instance_uid in (select uid from ${blindStudies(reader)} b)))`,
});

function* conditionsOf(question: CaseQuestion, known: Known): Generator<Condition> {
  const { text, status, priority, assigneeId, dueUntil, modality, bodyPart, early, finding } = question;
  const { from, until, ids, patient, study } = question;
  if (study !== undefined) yield isOfStudy(study, known);
  if (text !== undefined) yield isNamed(text, known);
  if (status === 'active') yield sql`case_record.status <> 'closed'`;
  else if (status !== undefined) yield sql`case_record.status = ${status}`;
  if (priority !== undefined) yield sql`case_record.priority = ${CASE_PRIORITIES.indexOf(priority)}`;
  if (assigneeId === null) yield sql`case_record.assignee_id is null`;
  else if (assigneeId !== undefined) yield sql`case_record.assignee_id = ${assigneeId}`;
  if (dueUntil !== undefined) yield sql`(${DUE_ON} <= ${dueUntil} and case_record.due_on is not null)`;
  if (modality !== undefined) yield isOfModality(modality, known);
  if (bodyPart !== undefined) yield hasResult(sql`r.image_kind = any(${kindsOf(bodyPart)}::text[])`, known);
  if (early !== undefined) yield known.isEarly;
  if (finding !== undefined) yield hasFinding(finding, known);
  if (from !== undefined) yield sql`case_record.created_at >= ${from}`;
  if (until !== undefined) yield sql`case_record.created_at < ${until}`;
  if (ids !== undefined) yield sql`case_record.id = any(${[...ids]}::uuid[])`;
  if (patient !== undefined) yield isOfPatient(patient, known);
}

function isAfter(sort: CaseSort, { value, number }: NonNullable<CaseQuery['after']>): Condition {
  const { by, isDescending, newestFirst } = ORDERS[sort];
  const byNumber = newestFirst
    ? sql<boolean>`case_record.number < ${number}`
    : sql<boolean>`case_record.number > ${number}`;
  if (by === null) return byNumber;
  // The first of the two conditions lets the database start reading the index at the right place.
  return isDescending
    ? sql`(${by} <= ${value} and (${by} < ${value} or ${byNumber}))`
    : sql`(${by} >= ${value} and (${by} > ${value} or ${byNumber}))`;
}

/** A case number as a person writes it. */
const NUMBER = /^[1-9]\d{0,8}$/;

/**
 * `text` holds only digits and dots. The subquery is wrapped in an array so that it runs once: the planner cannot
 * estimate how many UIDs contain the text, and would check every case instead.
 */
function isNamed(text: string, { siteId, study }: Known): Condition {
  if (!text.includes('.')) return NUMBER.test(text) ? sql`case_record.number = ${Number(text)}` : sql`false`;
  return sql`case_record.id = any(array(select c.case_id from case_study c
    where c.site_id = ${siteId} and strpos(c.study_instance_uid, ${text}) > 0 and ${study}))`;
}

function isOfStudy(studyInstanceUID: string, { siteId, study }: Known): Condition {
  return sql`case_record.id = any(array(select c.case_id from case_study c
    where c.site_id = ${siteId} and c.study_instance_uid = ${studyInstanceUID} and ${study}))`;
}

function isOfPatient(
  { studyInstanceUIDs, expectedPrints, text }: NonNullable<CaseQuestion['patient']>,
  known: Known,
): Condition {
  const isTheirs = sql<boolean>`case_record.id = any(array(
    select c.case_id from case_study c where c.site_id = ${known.siteId}
      and c.study_instance_uid = any(${[...studyInstanceUIDs]}::text[]) and ${known.study}
    union all select w.id from case_record w where w.site_id = ${known.siteId} and w.expects is not null
      and w.expected_print = any(${[...expectedPrints]}::text[])))`;
  return text === undefined ? isTheirs : sql`(${isTheirs} or ${isNamed(text, known)})`;
}

function isOfModality(modality: string, known: Known): Condition {
  return sql`exists (select 1 from case_study c
    join study s on s.site_id = c.site_id and s.study_instance_uid = c.study_instance_uid
    join instance i on i.study_id = s.id
    where c.case_id = case_record.id and i.sop_class_uid ~ ${classPatternOf(modality)}
      and ${known.study})`;
}

const hasResult = (like: RawBuilder<unknown>, known: Known): Condition =>
  sql`exists (select 1 from case_study c
    join inference_result r on r.site_id = c.site_id and r.study_instance_uid = c.study_instance_uid
    where c.case_id = case_record.id and ${like} and ${known.study} and ${known.result})`;

function hasFinding(finding: (typeof CASE_FINDINGS)[number], known: Known): Condition {
  const isPositive = hasResult(sql`r.positive`, known);
  const isNegative = hasResult(sql`not r.positive`, known);
  const isAny = hasResult(sql`true`, known);
  switch (finding) {
    case 'positive':
      return sql`(${isPositive} and not ${known.isHidden})`;
    case 'negative':
      return sql`(${isNegative} and not ${isPositive} and not ${known.isHidden})`;
    case 'silent':
      return sql`(${isAny} and not ${isPositive} and not ${isNegative} and not ${known.isHidden})`;
    case 'hidden':
      return known.isHidden;
    case 'not-examined':
      return sql`not (${isAny} or ${known.isHidden})`;
    default:
      return finding satisfies never;
  }
}
