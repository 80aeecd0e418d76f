/**
 * Finds the newest events of a site that match a filter, a page at a time. Indexes that hold the events in time order
 * answer each query, however long the trail is. For an account or a kind, it reads a page of each event (`audit_by`,
 * `audit_account`, `audit_event`) and merges the pages.
 */
import { sql, type RawBuilder, type Selectable } from 'kysely';
import { type AuditKind, eventsOfKind, FAILURES, HANDED_OVER } from '#shared/protocol/audit-events.ts';
import type { Db } from '../database/database.ts';
import type { Tables } from '../database/tables.ts';

/** The position of an event in time order. */
export type AuditPlace = { readonly at: Date; readonly seq: number };

export type AuditFilter = {
  readonly siteId: string;
  readonly from?: Date | undefined;
  /** Exclusive. */
  readonly until?: Date | undefined;
  /** The person who did it, or to whose account it was done. */
  readonly person?: string | undefined;
  readonly kind?: AuditKind | undefined;
  /** Only failures, as `outcomeOf` defines them. */
  readonly outcome?: 'failed' | undefined;
  readonly study?: StudyNames | undefined;
  readonly caseId?: string | undefined;
  /** The device that did it, or that was given or lost its right to send. */
  readonly device?: string | undefined;
};

/** The ids under which events refer to a study, as `OfStudy` in #shared/protocol/audit-events.ts explains. */
export type StudyNames = {
  /** The ids in this gateway, which the study's own steps name. */
  readonly ids: readonly string[];
  /** Readings, orders and verdicts name only this UID; questions to models name several. */
  readonly studyInstanceUID: string;
  readonly caseIds: readonly string[];
  readonly exportIds: readonly string[];
};

export type AuditRow = Selectable<Tables['audit']>;

/** Newest first. `before`: the last event of the page before. */
export async function findEvents(
  db: Db,
  filter: AuditFilter,
  before: AuditPlace | null,
  limit: number,
): Promise<readonly AuditRow[]> {
  const inTime = timeOf(filter, before);
  const found = [filter.study, filter.caseId, filter.device].some((subject) => subject !== undefined)
    ? ofSubject(filter, inTime)
    : await ofMany(db, filter, inTime, limit);
  const { rows } = await sql<AuditRow>`
    with found as materialized (${found}),
      page as materialized (select seq from found order by at desc, seq desc limit ${limit})
    select audit.* from audit join page using (seq) order by audit.at desc, audit.seq desc`.execute(db);
  return rows;
}

type Sql = RawBuilder<unknown>;
const all = (conditions: readonly Sql[]): Sql => sql.join(conditions, sql` and `);

function timeOf({ siteId, from, until }: AuditFilter, before: AuditPlace | null): Sql {
  const conditions = [sql`site_id = ${siteId}`];
  if (from !== undefined) conditions.push(sql`at >= ${from}::timestamptz`);
  if (until !== undefined) conditions.push(sql`at < ${until}::timestamptz`);
  if (before !== null) conditions.push(sql`(at, seq) < (${before.at}::timestamptz, ${before.seq}::bigint)`);
  return all(conditions);
}

/** Filters by study, case or device. One of these has few enough events to read them all. */
function ofSubject({ study, caseId, device, person, kind, outcome }: AuditFilter, inTime: Sql): Sql {
  const conditions = [inTime];
  if (study !== undefined)
    conditions.push(sql`((fields ? 'studyId' and fields->>'studyId' = any(${study.ids}::text[]))
      or ${namesStudy(study.studyInstanceUID)}
      or (fields ? 'caseId' and fields->>'caseId' = any(${study.caseIds}::text[]))
      or (fields ? 'exportId' and fields->>'exportId' = any(${study.exportIds}::text[])))`);
  if (caseId !== undefined) conditions.push(sql`fields ? 'caseId' and fields->>'caseId' = ${caseId}`);
  if (device !== undefined)
    conditions.push(sql`((fields ? 'deviceId' and fields->>'deviceId' = ${device})
      or (fields ? 'devices' and fields->'devices' ? ${device}))`);
  if (person !== undefined) conditions.push(sql`${person} in (fields->>'by', fields->>'accountId')`);
  if (kind !== undefined) conditions.push(sql`event = any(${eventsOfKind(kind)}::text[])`);
  if (outcome !== undefined) conditions.push(HAS_FAILED);
  return sql`select seq, at from audit where ${all(conditions)}`;
}

/**
 * A hand-over has failed if its count of refused instances is above zero; a value that is not a number counts as
 * none.
 */
const HAS_FAILED = sql`(event = any(${FAILURES}::text[]) or event = ${HANDED_OVER} and
  case jsonb_typeof(fields->'refused') when 'number' then (fields->>'refused')::numeric > 0 else false end)`;
const MAY_FAIL: ReadonlySet<string> = new Set([...FAILURES, HANDED_OVER]);

/** A condition on `audit`: the event names the study by its UID and is not one of the study's own steps. */
export const namesStudy = (studyInstanceUID: string): RawBuilder<boolean> =>
  sql`((fields ? 'studyInstanceUID' and not fields ? 'studyId' and fields->>'studyInstanceUID' = ${studyInstanceUID})
    or (fields ? 'studies' and fields->'studies' ? ${studyInstanceUID}))`;

async function ofMany(db: Db, filter: AuditFilter, inTime: Sql, limit: number): Promise<Sql> {
  const { person, kind, outcome, siteId } = filter;
  if ([person, kind, outcome].every((each) => each === undefined)) return newest(inTime, limit);
  const known = kind === undefined ? await eventsOfSite(db, siteId) : eventsOfKind(kind);
  const names = outcome === undefined ? known : known.filter((name) => MAY_FAIL.has(name));
  const meant = outcome === undefined ? inTime : all([inTime, HAS_FAILED]);
  const ofEach = (condition: Sql): Sql => sql`
    select each.seq, each.at from unnest(${names}::text[]) as named (event)
    cross join lateral (${newest(sql`${meant} and event = named.event and ${condition}`, limit)}) each`;
  if (person === undefined) return ofEach(sql`true`);
  return sql`
    ${ofEach(sql`fields ? 'by' and fields->>'by' = ${person}`)}
    union ${ofEach(sql`fields ? 'accountId' and fields->>'accountId' = ${person}`)}`;
}

const newest = (conditions: Sql, limit: number): Sql =>
  sql`(select seq, at from audit where ${conditions} order by at desc, seq desc limit ${limit})`;

/**
 * The names of all events in the site's trail, including those of other versions. Each takes one step in the index.
 */
async function eventsOfSite(db: Db, siteId: string): Promise<readonly string[]> {
  const { rows } = await sql<{ event: string }>`
    with recursive named as (
      (select event from audit where site_id = ${siteId} order by event limit 1)
      union all
      select (select audit.event from audit where site_id = ${siteId} and audit.event > named.event
        order by audit.event limit 1) from named where named.event is not null)
    select event from named where event is not null`.execute(db);
  return rows.map(({ event }) => event);
}
