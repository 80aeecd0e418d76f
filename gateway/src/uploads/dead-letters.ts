/**
 * An administrator's decisions about instances that a further destination did not take: send them there again, or leave
 * them out. The sender does not wait for an `also` destination. For a `required` one the sender's study is held, and
 * the sender may decide as well. The administrator then decides for the study, but only about this destination; others
 * still get it.
 */
import { sql } from 'kysely';
import type {
  DeadLetter,
  DeadLetterDecision,
  DeadLettersDecided,
  DeadStudy,
} from '#shared/protocol/destination.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { IN_PACS, type InstanceState } from '#shared/protocol/study-state.ts';
import { applyPlan, type ApplyTools } from '../pipeline/plan/apply-plan.ts';
import { givenUpCopies, isDeadLetter, isHeldFor, isLackedElsewhere } from '../pipeline/stores/copy.store.ts';
import {
  idList,
  instancesOf,
  NOTHING_COUNTED,
  type InstanceChange,
  type InstanceRow,
} from '../pipeline/stores/instance.store.ts';
import { findUpload } from '../pipeline/stores/parcel.store.ts';
import { resumeCopies, toAwaited } from '../pipeline/copies/resume-copies.ts';
import { nothingToDo, type LockedStudy, type Plan, type Planner } from '../pipeline/plan/study-plan.ts';
import { decide } from './decide.ts';
import { isForItsCoercion, renewedCoercion } from './renew-coercion.ts';
import type { UploadTools } from './upload-tools.ts';

const DEAD: readonly InstanceState[] = ['quarantined', 'refused'];
/** The instance's bytes are at the gateway, or at the destination that has it. */
const isAtHand = sql<boolean>`(instance.parcel_id is not null or exists (select from instance o where o.study_id = study.copy_of
  and o.sop_instance_uid = instance.sop_instance_uid and o.digest = coalesce(instance.coerced_from, instance.digest)
  and (o.state in (${sql.join([...IN_PACS])}) or (o.state = 'quarantined' and o.parcel_id is not null))))`;

type Place = { readonly siteId: string; readonly destinationId: string };

const deadAt = (db: ApplyTools['db'], { siteId, destinationId }: Place) =>
  db
    .selectFrom('instance')
    .innerJoin('study', 'study.id', 'instance.study_id')
    .where('study.site_id', '=', siteId)
    .where('study.destination_id', '=', destinationId)
    .where(isDeadLetter('instance', 'study'));

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

type DeadLetters = {
  readonly total: number;
  readonly deadLetters: readonly DeadLetter[];
  readonly totalStudies: number;
  readonly studies: readonly DeadStudy[];
};

/**
 * The oldest first, at most `limit` instances and as many studies, and how many there are in all. @throws Problem
 * not-found.
 */
export async function listDeadLetters(
  db: ApplyTools['db'],
  place: Place,
  limit: number,
): Promise<DeadLetters> {
  await requireDestination(db, place);
  const rows = await deadAt(db, place)
    .select(['instance.id', 'instance.sop_instance_uid', 'study.study_instance_uid', 'instance.reason'])
    .select(['instance.pacs_code', 'instance.updated_at', sql<number>`(count(*) over ())::int`.as('total')])
    .select(isAtHand.as('isAtHand'))
    .orderBy('instance.id')
    .limit(limit)
    .execute();
  const deadLetters = rows.map((row) => ({
    id: Number(row.id),
    studyInstanceUID: row.study_instance_uid,
    sopInstanceUID: row.sop_instance_uid,
    reason: row.reason,
    pacsCode: row.pacs_code,
    since: row.updated_at.toISOString(),
    canRetry: row.isAtHand,
  }));
  return { total: rows[0]?.total ?? 0, deadLetters, ...(await listStudies(db, place, limit)) };
}

async function listStudies(
  db: ApplyTools['db'],
  place: Place,
  limit: number,
): Promise<Pick<DeadLetters, 'totalStudies' | 'studies'>> {
  const studies = await deadAt(db, place)
    .select(['study.study_instance_uid as uid', sql<number>`(count(*) over ())::int`.as('total')])
    .select((of) => of.fn.min('instance.updated_at').as('since'))
    .select(sql<boolean>`bool_or(study.need = 'required')`.as('isRequired'))
    .groupBy('study.study_instance_uid')
    .orderBy('since')
    .orderBy('uid')
    .limit(limit)
    .execute();
  const rows = await deadAt(db, place)
    .select(['study.study_instance_uid as uid', 'instance.reason', 'instance.pacs_code as pacsCode'])
    .select(sql<number>`count(*)::int`.as('instances'))
    .where('study.study_instance_uid', 'in', studies.length === 0 ? [''] : studies.map(({ uid }) => uid))
    .groupBy(['study.study_instance_uid', 'instance.reason', 'instance.pacs_code'])
    .orderBy('instances', 'desc')
    .execute();
  const byStudy = Map.groupBy(rows, ({ uid }) => uid);
  return {
    totalStudies: studies[0]?.total ?? 0,
    studies: studies.map(({ uid, since, isRequired }) => {
      const reasons = (byStudy.get(uid) ?? []).map(({ uid: _, ...reason }) => reason);
      return {
        studyInstanceUID: uid,
        need: isRequired ? 'required' : 'also',
        instances: reasons.reduce((sum, { instances }) => sum + instances, 0),
        since: new Date(since).toISOString(),
        reasons,
      };
    }),
  };
}

/**
 * Returns how many instances changed, and about which studies nothing could be decided now. An instance whose bytes are
 * gone is fetched from the destination that has it.
 * @throws Problem not-found; and `decision-not-possible` or `pacs-unreachable` where nothing could be decided at all.
 */
export async function decideDeadLetters(
  tools: ApplyTools & UploadTools,
  place: Place,
  by: string,
  said: DeadLetterDecision,
): Promise<DeadLettersDecided> {
  await requireDestination(tools.db, place);
  const ofCopies = await decideAtCopies(tools, place, by, said);
  const { changed: ofStudies, failed } = await decideRequired(tools, place, by, said);
  const changed = ofCopies + ofStudies;
  if (changed === 0 && failed[0] !== undefined) throw failed[0].problem;
  const notDecided = failed.map(({ problem: { code, detail = null }, ...which }) => ({
    ...which,
    code,
    detail,
  }));
  return { changed, notDecided };
}

/** One upload of one study. */
type Failed = {
  readonly studyInstanceUID: string;
  readonly instances: number;
  readonly problem: Problem;
};

function askedAt(db: ApplyTools['db'], place: Place, { ids, studies: uids }: DeadLetterDecision) {
  let dead = deadAt(db, place);
  if (ids !== undefined) dead = dead.where('instance.id', 'in', idList(ids));
  if (uids !== undefined) dead = dead.where('study.study_instance_uid', 'in', uids);
  return dead;
}

/**
 * Decides at copies. An instance that another required destination lacks too is given up at this destination only, and
 * stays held for the other one.
 */
async function decideAtCopies(
  tools: ApplyTools,
  place: Place,
  by: string,
  said: DeadLetterDecision,
): Promise<number> {
  const { decision, because } = said;
  const isOfCopy = sql<boolean>`(study.need = 'also' or (${decision === 'leave-out'} and ${isLackedElsewhere('instance', 'study')}))`;
  const deadOfCopies = (db: ApplyTools['db']) => askedAt(db, place, said).where(isOfCopy);
  const copies = await deadOfCopies(tools.db).select(['study.id', 'study.copy_of']).distinct().execute();
  let changed = 0;
  for (const { id, copy_of: original } of copies) {
    const planner: Planner = async (locked) => {
      // Another destination may have been given up meanwhile. Then the decision belongs to the study, and no longer to
      // its copy alone.
      const dead = deadOfCopies(locked.db).where('study.id', '=', id).select('instance.id');
      const asked = new Set((await dead.execute()).map((row) => Number(row.id)));
      const plan = await planDecided(locked, { decision, asked, by, because });
      changed += plan.changes?.flatMap((change) => ('changes' in change ? change.changes : [])).length ?? 0;
      return plan;
    };
    await applyPlan(tools, id, planner, original);
  }
  return changed;
}

/** A study about which nothing can be decided now does not hold up the others. */
async function decideRequired(
  tools: UploadTools,
  place: Place,
  by: string,
  said: DeadLetterDecision,
): Promise<{ readonly changed: number; readonly failed: readonly Failed[] }> {
  const { decision, because } = said;
  const { destinationId: at } = place;
  const held = await askedAt(tools.db, place, said)
    .where('study.need', '=', 'required')
    .innerJoin('instance as o', (join) => join.on(isHeldFor('instance', 'study')))
    .innerJoin('upload_instance as named', 'named.instance_id', 'o.id')
    .select(['named.upload_id as uploadId', 'o.sop_instance_uid as sopInstanceUID', 'o.digest'])
    .execute();
  let changed = 0;
  const failed: Failed[] = [];
  for (const [uploadId, instances] of Map.groupBy(held, (row) => row.uploadId)) {
    const upload = await findUpload(tools.db, uploadId, null);
    if (upload === undefined) continue;
    try {
      changed += await decide(tools, upload, by, { decision, instances, because, at });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const { study_instance_uid: studyInstanceUID } = upload;
      failed.push({ studyInstanceUID, instances: instances.length, problem: error });
    }
  }
  return { changed, failed };
}

type Decided = Pick<DeadLetterDecision, 'decision' | 'because'> & {
  readonly asked: ReadonlySet<number>;
  readonly by: string;
};

async function planDecided(
  { study, db }: LockedStudy,
  { decision, asked, by, because }: Decided,
): Promise<Plan> {
  const all = await instancesOf(db, study.id);
  const taken = new Set(all.filter(({ state }) => !DEAD.includes(state)).map((row) => row.sop_instance_uid));
  const changes = all
    .filter(({ id, state }) => DEAD.includes(state) && asked.has(Number(id)))
    .flatMap((row) => (decision === 'retry' ? toRetried(row, taken) : [toLeftOut(row)]));
  if (changes.length === 0) return nothingToDo('elsewhere');
  const decided = new Set(changes.map(({ id }) => id));
  const isRenewed = decision === 'retry' && all.some((row) => decided.has(row.id) && isForItsCoercion(row));
  const renewed = isRenewed ? await renewedCoercion(db, study, by) : null;
  return {
    outcome: 'decided',
    changes: [
      ...(renewed === null ? [] : [{ kind: 'set-coercion', coercion: renewed.coercion } as const]),
      { kind: 'change-instances', from: DEAD, changes },
    ],
    event: study.state === 'held' ? 'decided' : 'late-instance',
    next: [{ queue: 'assembly', studyId: study.id }],
    audit: [
      ...(renewed === null ? [] : [renewed.audit]),
      {
        ...{ event: 'instances-decided' as const, by, decision, instances: changes.length },
        ...(because !== undefined && { because }),
      },
    ],
  };
}

const toLeftOut = ({ id }: InstanceRow): InstanceChange => ({ id, state: 'left-out', reason: 'left-out' });

/**
 * `taken`: UIDs under which the destination has, or is given, something else. The instance is looked for there before
 * it is posted.
 */
function toRetried(row: InstanceRow, taken: Set<string>): readonly InstanceChange[] {
  if (taken.has(row.sop_instance_uid)) return [];
  taken.add(row.sop_instance_uid);
  // The bytes are fetched from the destination that has them (pipeline/copies/fetch-for-copy.ts). Or the promised bytes
  // are taken over again, to have the values written that are wanted now.
  if (row.parcel_id === null || isForItsCoercion(row)) return [toAwaited(row.id)];
  const fresh = { reason: null, pacsCode: null, proof: null, postedAt: null, ...NOTHING_COUNTED };
  return [{ id: row.id, state: 'received', ...fresh }];
}

/** Sends studies again that were given up there. Returns how many. @throws Problem not-found. */
export async function resendGivenUp(tools: ApplyTools, place: Place, by: string): Promise<number> {
  await requireDestination(tools.db, place);
  const copies = await givenUpCopies(tools.db, place);
  const again = copies.flatMap((copy) => (copy.need === null ? [] : [{ ...copy, wanted: copy.need }]));
  return resumeCopies(tools, again, by);
}
