/**
 * Reconcile: believes neither answer nor silence. It looks for the posted instances in the PACS; only those
 * found there count as stored. Missing ones are posted again, and in the end a person has to look.
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
import { isContested, rivalsOf } from './rivals.ts';

/** Posted so often and never found: a person has to look at the PACS. */
const POSTS_LIMIT = 3;
/**
 * Some PACS show what they took only after a while; before anything is posted again, forward looks for it.
 */
const LOOK_AGAIN_SECONDS = 5;

export type Reconciled = {
  readonly id: number;
  /**
   * `again`: the PACS said that it took it, and does not have it. `lost`: so for the last time. `same`, `other`:
   * under its UID the PACS has the same bytes, or another upload's.
   */
  readonly kind: 'stored' | 'coerced' | 'same' | 'other' | 'again' | 'lost';
};

/** Throws PacsUnreachable. */
export async function reconcileStudy(
  study: StudyRow,
  tools: Pick<PipelineTools, 'db' | 'pacs'>,
  signal: AbortSignal,
): Promise<Planner> {
  const posted = await instancesOf(tools.db, study.id, ['posted']);
  const uids = new Set(posted.map((row) => row.sop_instance_uid));
  const held = posted.length === 0 ? uids : await findInPacs(study.study_instance_uid, uids, tools, signal);
  // A list of UIDs does not tell whose bytes they are.
  const rivals = await rivalsOf(tools.db, study, posted);
  const contested = posted.filter((row) => isContested(row, rivals) && held.has(row.sop_instance_uid));
  const compared = new Map(
    (await lookBefore(contested, tools, signal)).map(({ id, kind }): [number, LookOutcome['kind']] => [
      id,
      kind,
    ]),
  );
  const looked = posted.map((row) => toReconciled(row, held, compared.get(row.id)));
  return (locked) => planReconciled(locked, looked);
}

/** `found`: of a contested one, by reading it back. */
function toReconciled(
  row: InstanceRow,
  held: ReadonlySet<string>,
  found: LookOutcome['kind'] | undefined,
): Reconciled {
  const { id, sop_instance_uid, pacs_code, attempts } = row;
  if (found === 'same') return { id, kind: 'same' };
  if (found === 'other') return { id, kind: 'other' };
  if (found === undefined && held.has(sop_instance_uid))
    return { id, kind: pacs_code === null ? 'stored' : 'coerced' };
  return { id, kind: attempts + 1 < POSTS_LIMIT ? 'again' : 'lost' };
}

function toChange({ id, kind }: Reconciled): InstanceChange {
  switch (kind) {
    case 'stored':
    case 'coerced':
      return { id, state: kind, proof: 'found', reason: null };
    case 'same':
      return { id, state: 'stored', proof: 'read-back', reason: null };
    case 'other':
      return { id, state: 'quarantined', reason: 'conflicting-instance' };
    case 'again':
      return { id, state: 'received', attempts: 1 };
    case 'lost':
      return { id, state: 'quarantined', reason: 'pacs-lost', attempts: 1 };
    default:
      return kind satisfies never;
  }
}

const TO_POST: readonly InstanceState[] = ['received', 'posting', 'posted'];

async function planReconciled({ study, db }: LockedStudy, looked: readonly Reconciled[]): Promise<Plan> {
  const { id: studyId } = study;
  const changes = (await keepThoseIn(db, studyId, ['posted'], looked)).map(toChange);
  const left = countsAfter(await countStates(db, studyId), 'posted', changes);
  const event: StudyEvent = TO_POST.some((state) => left.has(state)) ? 'post-again' : 'reconciled';
  const next: NextJob =
    event === 'reconciled'
      ? { queue: 'receipt', studyId }
      : { queue: 'forward', studyId, afterSeconds: LOOK_AGAIN_SECONDS };
  // A late instance has moved the study back: the findings are written, and the study starts its way again.
  const isHere = nextStudyState(study.state, event) !== null;
  const counts = countKinds(looked);
  return {
    outcome: isHere ? event : 'elsewhere',
    changes: [{ kind: 'change-instances', from: ['posted'], changes }],
    event: isHere ? event : null,
    next: isHere ? [next] : [],
    audit: { event: 'study-reconciled', revision: study.revision, ...counts },
    effects: [{ kind: 'count-instances', state: 'stored', count: counts.stored + counts.coerced }],
  };
}

function countKinds(looked: readonly Reconciled[]): Record<Exclude<Reconciled['kind'], 'same'>, number> {
  const count = (kind: Reconciled['kind']) => looked.filter((one) => one.kind === kind).length;
  return {
    stored: count('stored') + count('same'),
    coerced: count('coerced'),
    other: count('other'),
    again: count('again'),
    lost: count('lost'),
  };
}
