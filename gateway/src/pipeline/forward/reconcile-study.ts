/**
 * Reconcile: believes neither answer nor silence. It looks for the posted instances in the PACS; only those
 * found there count as stored. A loss is believed only when the PACS had time to show what it took; then the
 * instance is posted again, and in the end a person has to look. A refusal is believed when the PACS was asked
 * once more and does not have it.
 */
import type { InstanceState, StudyEvent } from '#shared/protocol/study-state.ts';
import { findInPacs } from '../find-in-pacs.ts';
import {
  countStates,
  instancesOf,
  keepThoseIn,
  type InstanceChange,
  type InstanceRow,
} from '../instance.store.ts';
import type { PipelineTools } from '../pipeline-tools.ts';
import type { NextJob } from '../stages.ts';
import { countsAfter, type LockedStudy, type Plan, type Planner } from '../study-plan.ts';
import { nextStudyState } from '#shared/protocol/study-state.ts';
import type { StudyRow } from '../study.store.ts';
import { lookBefore, type LookOutcome } from './look-before.ts';
import { proveStored, type Proven } from './prove-stored.ts';
import { isContested, rivalsOf } from './rivals.ts';

/** Posted so often and never found: a person has to look at the PACS. */
const POSTS_LIMIT = 3;
/**
 * Some PACS show what they took only after a while; before anything is posted again, forward looks for it.
 */
const LOOK_AGAIN_SECONDS = 5;
/** A PACS that lags is asked less and less often, and at least so often. */
const LOOK_AGAIN_LIMIT_SECONDS = 30;

export type Reconciled = {
  readonly id: number;
  /**
   * `again`: the PACS said that it took it, and does not have it. `lost`: so for the last time. `late`: it may
   * still show it. `refused`: it said so, and does not have it. `other`: it said so, and has other bytes under
   * the UID; or another upload has them there. `changed`: it said that it took it, and has other bytes.
   * `fails`: it does not give what it lists.
   */
  readonly kind: 'stored' | 'coerced' | 'again' | 'lost' | 'late' | 'refused' | 'other' | 'changed' | 'fails';
  readonly proof?: NonNullable<InstanceRow['proof']>;
};

type Tools = Pick<PipelineTools, 'db' | 'pacs' | 'patience' | 'proof' | 'now'>;

/** Throws PacsUnreachable. */
export async function reconcileStudy(study: StudyRow, tools: Tools, signal: AbortSignal): Promise<Planner> {
  const posted = await instancesOf(tools.db, study.id, ['posted']);
  const uids = new Set(posted.map((row) => row.sop_instance_uid));
  const held = posted.length === 0 ? uids : await findInPacs(study.study_instance_uid, uids, tools, signal);
  // A list of UIDs does not tell whose bytes they are.
  const rivals = await rivalsOf(tools.db, study, posted);
  const isDisputed = (row: InstanceRow): boolean =>
    row.reason === null &&
    row.pacs_code === null &&
    held.has(row.sop_instance_uid) &&
    isContested(row, rivals);
  const contested = await lookAt(posted.filter(isDisputed), tools, signal);
  const compared = await lookAt(
    posted.filter(({ reason }) => reason === 'pacs-refused'),
    tools,
    signal,
  );
  const isClaimed = (row: InstanceRow): boolean =>
    row.reason === null && row.pacs_code === null && held.has(row.sop_instance_uid) && !contested.has(row.id);
  const proven = await proveStored(study, posted.filter(isClaimed), tools, signal);
  const { lagMs } = tools.patience;
  const now = tools.now();
  const looked = posted.map((row): Reconciled => {
    const found = compared.get(row.id);
    const rival = contested.get(row.id);
    if (rival !== undefined) return toContested(row, rival, mayBeLate(row, now, lagMs));
    return found === undefined
      ? toReconciled(row, held.has(row.sop_instance_uid), proven.get(row.id), mayBeLate(row, now, lagMs))
      : toRefused(row, found, mayBeLate(row, now, lagMs));
  });
  const waitedMs = Math.max(0, ...posted.map((row) => msSince(row, now)));
  const fromTheFuture = new Set(posted.filter((row) => msSince(row, now) < 0).map(({ id }) => id));
  const toChanges = (settled: readonly Reconciled[]): readonly InstanceChange[] =>
    settled.flatMap((one) => toChange(one, fromTheFuture.has(one.id) ? now : null));
  return (locked) => planReconciled(locked, { looked, waitedMs, toChanges });
}

/** By the rows' ids. Throws PacsUnreachable. */
async function lookAt(
  rows: readonly InstanceRow[],
  tools: Tools,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, LookOutcome['kind']>> {
  return new Map((await lookBefore(rows, tools, signal)).map(({ id, kind }) => [id, kind]));
}

const msSince = ({ posted_at }: InstanceRow, now: Date): number =>
  posted_at === null ? 0 : now.getTime() - posted_at.getTime();

function mayBeLate(row: InstanceRow, now: Date, lagMs: number): boolean {
  return msSince(row, now) < lagMs;
}

function toReconciled(
  { id, attempts }: InstanceRow,
  isThere: boolean,
  proven: Proven | undefined,
  isEarly: boolean,
): Reconciled {
  if (!isThere) {
    if (isEarly) return { id, kind: 'late' };
    return { id, kind: attempts + 1 < POSTS_LIMIT ? 'again' : 'lost' };
  }
  // The PACS said that it changed it: other bytes are no surprise.
  if (proven === undefined) return { id, kind: 'coerced', proof: 'found' };
  switch (proven.kind) {
    case 'same':
      return { id, kind: 'stored', proof: proven.proof };
    case 'other':
      return { id, kind: 'changed' };
    case 'unknown':
      return { id, kind: isEarly ? 'late' : 'fails' };
    default:
      return proven.kind satisfies never;
  }
}

/** Another upload has, or had, other bytes under this UID. */
function toContested(row: InstanceRow, found: LookOutcome['kind'], isEarly: boolean): Reconciled {
  if (found === 'same') return { id: row.id, kind: 'stored', proof: 'read-back' };
  if (found === 'other') return { id: row.id, kind: 'other' };
  if (found === 'unknown') return { id: row.id, kind: isEarly ? 'late' : 'fails' };
  return toReconciled(row, false, undefined, isEarly);
}

/** An offer before that was not answered may have been carried out, and not be shown yet. */
function toRefused({ id, offers }: InstanceRow, found: LookOutcome['kind'], isEarly: boolean): Reconciled {
  switch (found) {
    case 'same':
      return { id, kind: 'stored', proof: 'read-back' };
    case 'other':
      return { id, kind: 'other' };
    case 'absent':
      return { id, kind: offers > 0 && isEarly ? 'late' : 'refused' };
    case 'unknown':
      return { id, kind: isEarly ? 'late' : 'refused' };
    default:
      return found satisfies never;
  }
}

/** `redated`: its post has a date in the future, because the clock was set back: the lag begins now. */
function toChange({ id, kind, proof }: Reconciled, redated: Date | null): readonly InstanceChange[] {
  if (kind === 'late') return redated === null ? [] : [{ id, state: 'posted', postedAt: redated }];
  return [{ ...toEnd(id, kind), ...(proof === undefined ? {} : { proof }) }];
}

function toEnd(id: number, kind: Exclude<Reconciled['kind'], 'late'>): InstanceChange {
  switch (kind) {
    case 'stored':
    case 'coerced':
      return { id, state: kind, reason: null };
    case 'again':
      return { id, state: 'received', attempts: 1 };
    case 'lost':
      return { id, state: 'quarantined', reason: 'pacs-lost', attempts: 1 };
    case 'refused':
      return { id, state: 'refused' };
    case 'other':
      return { id, state: 'quarantined', reason: 'conflicting-instance' };
    case 'changed':
      return { id, state: 'quarantined', reason: 'pacs-changed-it' };
    case 'fails':
      return { id, state: 'quarantined', reason: 'pacs-fails-on-it' };
    default:
      return kind satisfies never;
  }
}

const TO_POST: readonly InstanceState[] = ['received', 'posting'];

type Looked = {
  readonly looked: readonly Reconciled[];
  readonly waitedMs: number;
  readonly toChanges: (settled: readonly Reconciled[]) => readonly InstanceChange[];
};

async function planReconciled(
  { study, db }: LockedStudy,
  { looked, waitedMs, toChanges }: Looked,
): Promise<Plan> {
  const { id: studyId } = study;
  const changes = toChanges(await keepThoseIn(db, studyId, ['posted'], looked));
  const left = countsAfter(await countStates(db, studyId), 'posted', changes);
  const event: StudyEvent | null = TO_POST.some((state) => left.has(state))
    ? 'post-again'
    : left.has('posted')
      ? null
      : 'reconciled';
  // A late instance has moved the study back: the findings are written, and the study starts its way again.
  const isHere = event === null ? study.state === 'forwarded' : nextStudyState(study.state, event) !== null;
  const counts = countKinds(looked);
  return {
    outcome: isHere ? (event ?? 'late') : 'elsewhere',
    changes: [{ kind: 'change-instances', from: ['posted'], changes }],
    event: isHere ? event : null,
    next: isHere ? [nextOf(studyId, event, waitedMs)] : [],
    audit: looked.some(({ kind }) => kind !== 'late')
      ? { event: 'study-reconciled', revision: study.revision, ...counts }
      : null,
    effects: [{ kind: 'count-instances', state: 'stored', count: counts.stored + counts.coerced }],
  };
}

function nextOf(studyId: string, event: StudyEvent | null, waitedMs: number): NextJob {
  if (event === 'reconciled') return { queue: 'receipt', studyId };
  if (event !== null) return { queue: 'forward', studyId, afterSeconds: LOOK_AGAIN_SECONDS };
  const seconds = Math.min(LOOK_AGAIN_LIMIT_SECONDS, Math.max(LOOK_AGAIN_SECONDS, waitedMs / 2000));
  return { queue: 'reconcile', studyId, afterSeconds: Math.round(seconds) };
}

function countKinds(looked: readonly Reconciled[]): Record<Reconciled['kind'], number> {
  const count = (kind: Reconciled['kind']) => looked.filter((one) => one.kind === kind).length;
  return {
    stored: count('stored'),
    coerced: count('coerced'),
    again: count('again'),
    lost: count('lost'),
    late: count('late'),
    refused: count('refused'),
    other: count('other'),
    changed: count('changed'),
    fails: count('fails'),
  };
}
