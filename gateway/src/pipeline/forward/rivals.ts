/**
 * Two uploads may bring the same SOP Instance UID: two tablets with one study, or an account that wants to get in
 * another's way. Each upload has a row of its own, and the bytes that the PACS got first count:
 *
 *   - only one of them is handed over at a time; the others wait, look at what the PACS holds, and end as
 *     already there or in conflict (look-before.ts)
 *   - a list of UIDs does not tell whose bytes the PACS holds: under a contested UID they are read back
 *
 * An instance that was only promised is nobody's rival.
 */
import { sql } from 'kysely';
import { IN_PACS, isInPacs, type InstanceState, type StudyState } from '#shared/protocol/study-state.ts';
import type { Db } from '../../database/database.ts';
import { amongUids, type InstanceRow } from '../stores/instance.store.ts';
import type { StudyRow } from '../stores/study.store.ts';

type Rival = Pick<
  InstanceRow,
  | 'id'
  | 'sop_instance_uid'
  | 'digest'
  | 'original_digest'
  | 'original_key'
  | 'policy_name'
  | 'policy_version'
  | 'state'
  | 'pacs_code'
  | 'sent_digests'
> & { readonly studyState: StudyState };

/** Keyed by SOP Instance UID. */
export type Rivals = ReadonlyMap<string, readonly Rival[]>;

const GIVEN: readonly InstanceState[] = ['posting', 'posted', ...IN_PACS];
/** A rival whose study is in one of these states is on its way. In other states it has stopped, and holds up nobody. */
const UNDER_WAY: readonly StudyState[] = ['assembled', 'forwarded'];

/** Other uploads' instances under these UIDs that the PACS was given, or is being given. */
export async function rivalsOf(db: Db, study: StudyRow, rows: readonly InstanceRow[]): Promise<Rivals> {
  if (rows.length === 0) return new Map();
  const others = await db
    .selectFrom('instance')
    .innerJoin('study', 'study.id', 'instance.study_id')
    .select([
      'instance.id',
      'instance.sop_instance_uid',
      'instance.digest',
      'instance.original_digest',
      'instance.original_key',
      'instance.policy_name',
      'instance.policy_version',
      'instance.state',
      'instance.pacs_code',
      'instance.sent_digests',
      'study.state as studyState',
    ])
    .where('instance.site_id', '=', study.site_id)
    .where(amongUids(rows.map((row) => row.sop_instance_uid)))
    .where('instance.state', 'in', [...GIVEN])
    .where('instance.study_id', '<>', study.id)
    // An instance that goes to another PACS does not get in the way here.
    .where('study.destination_id', 'is not distinct from', study.destination_id)
    .orderBy('instance.id')
    .execute();
  return Map.groupBy(others, (row) => row.sop_instance_uid);
}

/**
 * The rows that may be handed over now. `before`: the rivals when the PACS was looked at. A rival that reached the PACS
 * after that look was not seen there.
 */
export function withoutRivals(
  rows: readonly InstanceRow[],
  before: Rivals,
  now: Rivals,
): readonly InstanceRow[] {
  return rows.filter((row) => {
    const seen = new Set(
      before.get(row.sop_instance_uid)?.flatMap(({ id, state }) => (isInPacs(state) ? [id] : [])),
    );
    return !now
      .get(row.sop_instance_uid)
      ?.some((rival) => (isInPacs(rival.state) ? !seen.has(rival.id) : UNDER_WAY.includes(rival.studyState)));
  });
}

/** The rival by which the PACS already has the same bytes. */
export function twinOf(row: InstanceRow, rivals: Rivals): Rival | undefined {
  return rivals
    .get(row.sop_instance_uid)
    ?.find(({ digest, state }) => digest === row.digest && isInPacs(state));
}

/** Whether the PACS has, or may have, other bytes under this UID from another upload. */
export function isContested(row: InstanceRow, rivals: Rivals): boolean {
  return rivals.get(row.sop_instance_uid)?.some(({ digest }) => digest !== row.digest) ?? false;
}

/**
 * Whether the same original is there under another version of the policy, or with other boxes over it. That is no
 * conflict.
 */
export function isAlreadyThere(
  row: InstanceRow,
  rivals: Rivals,
): 'already-here-other-policy' | 'already-here-other-boxes' | null {
  if (row.original_digest === null) return null;
  const there = (rivals.get(row.sop_instance_uid) ?? []).filter(
    ({ state, original_digest: original }) => isInPacs(state) && original === row.original_digest,
  );
  if (there.length === 0) return null;
  const isOther = there.some(
    (rival) => rival.policy_name !== row.policy_name || rival.policy_version !== row.policy_version,
  );
  return isOther ? 'already-here-other-policy' : 'already-here-other-boxes';
}

/**
 * Whether an instance in the PACS was de-identified under another key, so that it cannot be told whether it has the
 * same original.
 */
export function isOtherKey(row: InstanceRow, rivals: Rivals): boolean {
  const { original_key: key } = row;
  if (key === null) return false;
  const others = rivals.get(row.sop_instance_uid) ?? [];
  return others.some(({ state, original_key: other }) => isInPacs(state) && other !== null && other !== key);
}

/** Until the end of the transaction, no one else at the site can decide what to hand over. */
export async function lockHandover(db: Db, siteId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext(${`handover ${siteId}`}))`.execute(db);
}
