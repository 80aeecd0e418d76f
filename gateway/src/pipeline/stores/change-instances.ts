/** The one statement that moves instances from state to state, a thousand at a time. */
import { sql } from 'kysely';
import type { InstanceState } from '#shared/protocol/study-state.ts';
import type { Trx } from '../../database/database.ts';
import { partsOf } from '../../threads/in-turns.ts';
import type { InstanceChange } from './instance.store.ts';
import { minutesNow } from './tally.store.ts';

type ChangeRule = {
  readonly from: readonly InstanceState[];
  readonly now: Date;
  /** An instance that another study has taken over meanwhile is left alone. */
  readonly studyId?: string;
};

/** Instances in one statement. Their JSON is made in one turn of the event loop: 20 000 at once took 100 ms. */
const CHANGED_AT_ONCE = 1000;

/**
 * Changes instances that are in one of the states `from`; returns the ids that changed. The caller holds the
 * study locked, or claims instances: two callers cannot both claim the same one.
 */
export async function changeInstances(
  trx: Trx,
  changes: readonly InstanceChange[],
  rule: ChangeRule,
): Promise<ReadonlySet<number>> {
  const changed = new Set<number>();
  for (const part of partsOf(changes, CHANGED_AT_ONCE))
    for (const id of await changePart(trx, part, rule)) changed.add(id);
  return changed;
}

async function changePart(
  trx: Trx,
  changes: readonly InstanceChange[],
  { from, now, studyId }: ChangeRule,
): Promise<readonly number[]> {
  const rows = changes.map((change) => ({
    id: change.id,
    state: change.state,
    set_reason: change.reason !== undefined,
    reason: change.reason ?? null,
    set_place: change.place !== undefined,
    parcel_id: change.place?.parcelId ?? null,
    body_offset: change.place?.offset ?? null,
    restored: change.place?.restored ?? null,
    set_code: change.pacsCode !== undefined,
    pacs_code: change.pacsCode ?? null,
    set_proof: change.proof !== undefined,
    proof: change.proof ?? null,
    proven_at: change.provenAt ?? null,
    committed: change.committed ?? null,
    sent_digests: change.sentDigests ?? null,
    set_posted: change.postedAt !== undefined,
    posted_at: change.postedAt?.toISOString() ?? null,
    set_offers: change.offers !== undefined,
    offers: change.offers?.all ?? 0,
    offers_amid: change.offers?.amid ?? 0,
    damages: change.damages ?? null,
    losses: change.losses ?? null,
  }));
  const { rows: changed } = await sql<{ id: number | string }>`
    update instance i set state = x.state, updated_at = ${now}::timestamptz,
      damages = coalesce(x.damages, i.damages), losses = coalesce(x.losses, i.losses),
      reason = case when x.set_reason then x.reason else i.reason end,
      parcel_id = case when x.set_place then x.parcel_id else i.parcel_id end,
      body_offset = case when x.set_place then x.body_offset else i.body_offset end,
      brought = i.brought or x.parcel_id is not null,
      restored = case when x.set_place then x.restored else i.restored end,
      pacs_code = case when x.set_code then x.pacs_code else i.pacs_code end,
      proof = case when x.set_proof then x.proof else i.proof end,
      proven_at = coalesce(x.proven_at, i.proven_at), committed = coalesce(x.committed, i.committed),
      sent_digests = coalesce(x.sent_digests, i.sent_digests),
      posted_at = case when x.set_posted then x.posted_at else i.posted_at end,
      offers = case when x.set_offers then x.offers else i.offers end,
      offers_amid = case when x.set_offers then x.offers_amid else i.offers_amid end,
      since_minute = case when i.state = x.state then i.since_minute else ${minutesNow()} end,
      offered_minute = case when i.state = 'posting' or x.offers > 0 then ${minutesNow()} else i.offered_minute end
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(id bigint, state text, set_reason boolean, reason text, set_place boolean,
      parcel_id text, body_offset bigint, restored text, set_code boolean, pacs_code int, set_proof boolean, proof text, proven_at text, committed boolean, sent_digests text,
      set_posted boolean, posted_at timestamptz, set_offers boolean, offers int, offers_amid int, damages int, losses int)
    where i.id = x.id and i.state in (${sql.join(from)}) and ${studyId === undefined ? sql`true` : sql`i.study_id = ${studyId}::uuid`}
    returning i.id`.execute(trx);
  return changed.map(({ id }) => Number(id));
}
