/**
 * The rights to see a case and its parts. Radiologists and administrators see all cases. Technicians see those with
 * studies that they sent. Researchers see those with de-identified studies, without anything that somebody typed. A
 * case that the reader may not see is answered as if it did not exist.
 */
import { sql, type RawBuilder } from 'kysely';
import type { CasePart } from '#shared/protocol/cases.ts';
import { CASE_KEEPERS } from '#shared/protocol/keepers.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import type { Db } from '../database/database.ts';
import type { Caller } from '../http/route.ts';
import { isReached } from './result-reach.ts';

export type CaseReader = Pick<Caller, 'id' | 'siteId' | 'roles'>;

export const isKeeper = ({ roles }: Pick<Caller, 'roles'>): boolean =>
  roles.some((role) => CASE_KEEPERS.includes(role));

/** Everything that may hold a name. */
const ANONYMOUS: CasePart[] = ['title', 'tags', 'notes', 'attachments', 'patient'];

/**
 * The parts of a case that are withheld from this reader. `isAnonymous`: the reader asked to leave out everything that
 * may hold a name.
 */
export function withheldFrom(reader: CaseReader, isAnonymous: boolean): CasePart[] {
  if (isKeeper(reader)) return isAnonymous ? ANONYMOUS : [];
  // A technician who is also a researcher is treated as a researcher here. For the cases that they sent, see asSender.
  if (reader.roles.includes('technician') && !reader.roles.includes('researcher'))
    return isAnonymous ? ANONYMOUS : ['patient'];
  return [...ANONYMOUS, 'people'];
}

/** A technician who is also a researcher may read the typed text in cases of their own studies only. */
export const asSender = (reader: CaseReader): CaseReader =>
  isKeeper(reader) ? reader : { ...reader, roles: reader.roles.filter((role) => role !== 'researcher') };

/** The column in the surrounding query. No table in the conditions below may have one of these names. */
export type CaseStudyUid = 'case_study.study_instance_uid' | 'c.study_instance_uid';

/** A condition on `uid`, a Study Instance UID in the query: the reader may know that the study belongs to a case. */
export async function mayKnowStudy(
  db: Db,
  reader: CaseReader,
  uid: CaseStudyUid,
): Promise<RawBuilder<boolean>> {
  if (isKeeper(reader)) return sql`true`;
  const { roles, siteId } = reader;
  const reaches = async (role: 'technician' | 'researcher') => sql<boolean>`exists (
    select 1 from study s join instance i on i.study_id = s.id
    where s.site_id = ${siteId} and s.study_instance_uid = ${sql.ref(uid)}
      and ${await isReached(db, { ...reader, roles: [role] })})`;
  const ways = [
    ...(roles.includes('technician')
      ? [sql`(${await reaches('technician')} and ${wasFirst(reader, uid)})`]
      : []),
    ...(roles.includes('researcher') ? [await reaches('researcher')] : []),
  ];
  return ways.length === 0 ? sql`false` : sql`(${sql.join(ways, sql` or `)})`;
}

/**
 * The caller was the first to send the study. Sending an image under the UID of somebody else's study, or announcing a
 * study before it is sent, must not give access to its cases. What counts is whose first image was handed to the PACS
 * first.
 */
const wasFirst = ({ id, siteId }: CaseReader, uid: CaseStudyUid): RawBuilder<boolean> => sql`not exists (
  select 1 from study s join upload u on u.study_id = s.id
  where s.site_id = ${siteId} and s.study_instance_uid = ${sql.ref(uid)} and u.account_id <> ${id}
    and (select ${FIRST_SENT} from instance i where i.study_id = s.id and ${IS_SENT})
      < (select ${FIRST_SENT} from upload own join study o on o.id = own.study_id join instance i on i.study_id = o.id
        where own.account_id = ${id} and o.site_id = s.site_id and o.study_instance_uid = s.study_instance_uid
          and ${IS_SENT}))`;

/**
 * When the instances `i` were first sent. If the PACS already had an instance, this is the time at which it was found
 * there.
 */
const FIRST_SENT = sql`min(coalesce(i.posted_at, i.updated_at))`;
const IS_SENT = sql`i.brought and i.state in (${sql.join([...IN_PACS])})`;

/** A condition on `case_record`: the reader may see the case. */
export async function isVisible(db: Db, reader: CaseReader): Promise<RawBuilder<boolean>> {
  const isOfSite = sql<boolean>`case_record.site_id = ${reader.siteId}`;
  if (isKeeper(reader)) return isOfSite;
  return sql`(${isOfSite} and exists (select 1 from case_study c where c.case_id = case_record.id
    and ${await mayKnowStudy(db, reader, 'c.study_instance_uid')}))`;
}

/** Those of the studies that this gateway sent to the site's PACS. */
export async function knownStudies(
  db: Db,
  siteId: string,
  studyInstanceUIDs: readonly string[],
): Promise<ReadonlySet<string>> {
  if (studyInstanceUIDs.length === 0) return new Set();
  const rows = await db
    .selectFrom('study')
    .innerJoin('instance', 'instance.study_id', 'study.id')
    .select('study.study_instance_uid')
    .distinct()
    .where('study.site_id', '=', siteId)
    .where('study.study_instance_uid', 'in', [...studyInstanceUIDs])
    .where('instance.state', 'in', [...IN_PACS])
    .execute();
  return new Set(rows.map((row) => row.study_instance_uid));
}
