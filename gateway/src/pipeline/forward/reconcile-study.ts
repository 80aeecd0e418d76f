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

/** Posted so often and never found: a person has to look at the PACS. */
const POSTS_LIMIT = 3;
/**
 * Some PACS show what they took only after a while; before anything is posted again, forward looks for it.
 */
const LOOK_AGAIN_SECONDS = 5;

export type Reconciled = {
  readonly id: number;
  /** `again`: the PACS said that it took it, and does not have it. `lost`: so for the last time. */
  readonly kind: 'stored' | 'coerced' | 'again' | 'lost';
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
  const looked = posted.map((row) => toReconciled(row, held));
  return (locked) => planReconciled(locked, looked);
}

function toReconciled(row: InstanceRow, held: ReadonlySet<string>): Reconciled {
  const { id, sop_instance_uid, pacs_code, attempts } = row;
  if (held.has(sop_instance_uid)) return { id, kind: pacs_code === null ? 'stored' : 'coerced' };
  return { id, kind: attempts + 1 < POSTS_LIMIT ? 'again' : 'lost' };
}

function toChange({ id, kind }: Reconciled): InstanceChange {
  switch (kind) {
    case 'stored':
    case 'coerced':
      return { id, state: kind, proof: 'found', reason: null };
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

function countKinds(looked: readonly Reconciled[]): Record<Reconciled['kind'], number> {
  const count = (kind: Reconciled['kind']) => looked.filter((one) => one.kind === kind).length;
  return { stored: count('stored'), coerced: count('coerced'), again: count('again'), lost: count('lost') };
}
