/**
 * Instances that an `also` destination did not take. Nobody who sent them waits for it, so they are an
 * administrator's: sent there again, or left out.
 */
import { sql } from 'kysely';
import type { DeadLetter, DeadLetterDecision } from '#shared/protocol/destination.ts';
import { Problem } from '#shared/protocol/problem.ts';
import type { InstanceState } from '#shared/protocol/study-state.ts';
import { applyPlan, type ApplyTools } from '../pipeline/apply-plan.ts';
import {
  idList,
  instancesOf,
  NOTHING_COUNTED,
  type InstanceChange,
  type InstanceRow,
} from '../pipeline/instance.store.ts';
import { nothingToDo, type LockedStudy, type Plan, type Planner } from '../pipeline/study-plan.ts';

const DEAD: readonly InstanceState[] = ['quarantined', 'refused'];
/** The first ones, if there are more. */
const LISTED_LIMIT = 500;

type Place = { readonly siteId: string; readonly destinationId: string };

const deadAt = (db: ApplyTools['db'], { siteId, destinationId }: Place) =>
  db
    .selectFrom('instance')
    .innerJoin('study', 'study.id', 'instance.study_id')
    .where('study.site_id', '=', siteId)
    .where('study.destination_id', '=', destinationId)
    .where('study.need', '=', 'also')
    .where('instance.state', 'in', [...DEAD]);

/** @throws Problem not-found. */
async function requireDestination(db: ApplyTools['db'], { siteId, destinationId }: Place): Promise<void> {
  const row = await db
    .selectFrom('destination')
    .select('id')
    .where('site_id', '=', siteId)
    .where('id', '=', destinationId)
    .executeTakeFirst();
  if (row === undefined) throw new Problem('not-found');
}

/** The oldest first, and how many there are. @throws Problem not-found. */
export async function listDeadLetters(
  db: ApplyTools['db'],
  place: Place,
): Promise<{ readonly total: number; readonly deadLetters: readonly DeadLetter[] }> {
  await requireDestination(db, place);
  const rows = await deadAt(db, place)
    .select(['instance.id', 'instance.sop_instance_uid', 'study.study_instance_uid', 'instance.reason'])
    .select(['instance.parcel_id', 'instance.updated_at', sql<number>`(count(*) over ())::int`.as('total')])
    .orderBy('instance.id')
    .limit(LISTED_LIMIT)
    .execute();
  const deadLetters = rows.map((row) => ({
    id: Number(row.id),
    studyInstanceUID: row.study_instance_uid,
    sopInstanceUID: row.sop_instance_uid,
    reason: row.reason,
    since: row.updated_at.toISOString(),
    canRetry: row.parcel_id !== null,
  }));
  return { total: rows[0]?.total ?? 0, deadLetters };
}

/** Returns how many it changed. One whose bytes are gone is not sent again. @throws Problem not-found. */
export async function decideDeadLetters(
  tools: ApplyTools,
  place: Place,
  by: string,
  { decision, ids }: DeadLetterDecision,
): Promise<number> {
  await requireDestination(tools.db, place);
  const asked = ids && new Set(ids);
  const dead = deadAt(tools.db, place).select('study.id').distinct();
  const studies = await (ids === undefined ? dead : dead.where('instance.id', 'in', idList(ids))).execute();
  let changed = 0;
  for (const { id } of studies) {
    const planner: Planner = async (locked) => {
      const plan = await planDecided(locked, { decision, asked, by });
      changed += plan.changes?.flatMap((change) => ('changes' in change ? change.changes : [])).length ?? 0;
      return plan;
    };
    await applyPlan(tools, id, planner);
  }
  return changed;
}

type Decided = Pick<DeadLetterDecision, 'decision'> & {
  readonly asked: ReadonlySet<number> | undefined;
  readonly by: string;
};

async function planDecided({ study, db }: LockedStudy, { decision, asked, by }: Decided): Promise<Plan> {
  const all = await instancesOf(db, study.id);
  const taken = new Set(all.filter(({ state }) => !DEAD.includes(state)).map((row) => row.sop_instance_uid));
  const changes = all
    .filter(({ id, state }) => DEAD.includes(state) && (asked?.has(Number(id)) ?? true))
    .flatMap((row) => (decision === 'retry' ? toRetried(row, taken) : [toLeftOut(row)]));
  if (changes.length === 0) return nothingToDo('elsewhere');
  return {
    outcome: 'decided',
    changes: [{ kind: 'change-instances', from: DEAD, changes }],
    event: study.state === 'held' ? 'decided' : 'late-instance',
    next: [{ queue: 'assembly', studyId: study.id }],
    audit: { event: 'instances-decided', by, decision, instances: changes.length },
  };
}

const toLeftOut = ({ id }: InstanceRow): InstanceChange => ({ id, state: 'left-out', reason: 'left-out' });

/** `taken`: UIDs under which the destination has, or is given, something else. Looked for there before it is posted. */
function toRetried(row: InstanceRow, taken: Set<string>): readonly InstanceChange[] {
  if (row.parcel_id === null || taken.has(row.sop_instance_uid)) return [];
  taken.add(row.sop_instance_uid);
  const fresh = { reason: null, pacsCode: null, proof: null, postedAt: null, ...NOTHING_COUNTED };
  return [{ id: row.id, state: 'received', ...fresh }];
}
