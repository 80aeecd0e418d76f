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
import { countedMinutes } from '../tally.store.ts';
import { judgePosted, type Judged, type Said, type Shown } from './judge-posted.ts';
import { lookBefore } from './look-before.ts';
import { proveStored } from './prove-stored.ts';
import { isContested, rivalsOf, type Rivals } from './rivals.ts';

/** Posted so often and never found: a person has to look at the PACS. */
const POSTS_LIMIT = 3;
/**
 * Some PACS show what they took only after a while; before anything is posted again, forward looks for it.
 */
const LOOK_AGAIN_SECONDS = 5;
/** A PACS that lags for more than a minute is asked less often. */
const LATE_AGAIN_SECONDS = 30;

/**
 * Some PACS refuse what they have stored, and show it seconds later. Longer, and people would wait for a refusal that
 * is one.
 */
const REFUSAL_LAG_MINUTES = 1;

export type Reconciled = {
  readonly id: number;
  /** `missing` becomes `again`, and for the last time `lost`. */
  readonly kind: Exclude<Judged, 'missing'> | 'again' | 'lost';
  readonly proof?: NonNullable<InstanceRow['proof']>;
};

type Tools = Pick<PipelineTools, 'db' | 'pacs' | 'patience' | 'proof'>;

/** Throws PacsUnreachable. */
export async function reconcileStudy(study: StudyRow, tools: Tools, signal: AbortSignal): Promise<Planner> {
  const posted = await instancesOf(tools.db, study.id, ['posted']);
  const looks = await lookAtAll(study, posted, tools, signal);
  const minutes = await countedMinutes(tools.db);
  const looked = posted.map((row) => {
    const look = looks.get(row.id)!;
    const lag = lagOf(look.said, tools.patience.lagMinutes);
    return toReconciled(row, look, lag > 0 && minutes - row.since_minute <= lag);
  });
  const waitedMinutes = Math.max(0, ...posted.map((row) => minutes - row.since_minute));
  return (locked) => planReconciled(locked, looked, waitedMinutes);
}

/** A refusal is the PACS's own word: it is believed sooner than a loss, about which the PACS said the contrary. */
const lagOf = (said: Said, lagMinutes: number): number =>
  said === 'refused' ? Math.min(REFUSAL_LAG_MINUTES, lagMinutes) : lagMinutes;

/** One look at a row: what the gateway was told of it, and what the PACS shows. */
type Look = { readonly said: Said; readonly shown: Shown; readonly proof: Reconciled['proof'] };

/** By the rows' ids: one look at each. Throws PacsUnreachable. */
async function lookAtAll(
  study: StudyRow,
  posted: readonly InstanceRow[],
  tools: Tools,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Look>> {
  const uids = new Set(posted.map((row) => row.sop_instance_uid));
  const held = posted.length === 0 ? uids : await findInPacs(study.study_instance_uid, uids, tools, signal);
  const rivals = await rivalsOf(tools.db, study, posted);
  const said = new Map(posted.map((row) => [row.id, saidOf(row, rivals)]));
  const listed = posted.filter((row) => held.has(row.sop_instance_uid));
  const which = (rows: readonly InstanceRow[], of: readonly Said[]) =>
    rows.filter(({ id }) => of.includes(said.get(id)!));
  // A list of UIDs does not tell whose bytes they are; and one that was refused may be there in another study.
  const compared = await lookBefore(
    [...which(listed, ['contested']), ...which(posted, ['refused', 'refused-after-silence'])],
    tools,
    signal,
  );
  const proven = await proveStored(study, which(listed, ['claimed']), tools, signal);
  const shown = new Map<number, Pick<Look, 'shown' | 'proof'>>([
    ...posted.map(({ id }) => [id, { shown: 'absent', proof: undefined }] as const),
    ...listed.map(({ id }) => [id, { shown: 'listed', proof: 'found' }] as const),
    // One that a list names and a search does not is listed.
    ...compared
      .filter(({ kind }) => kind !== 'absent')
      .map(({ id, kind }) => [id, { shown: kind, proof: 'read-back' }] as const),
    ...proven,
  ]);
  return new Map(posted.map(({ id }) => [id, { said: said.get(id)!, ...shown.get(id)! }]));
}

function saidOf(row: InstanceRow, rivals: Rivals): Said {
  if (row.reason === 'pacs-refused') return row.offers > 0 ? 'refused-after-silence' : 'refused';
  if (row.pacs_code !== null) return 'coerced';
  return isContested(row, rivals) ? 'contested' : 'claimed';
}

function toReconciled({ id, attempts }: InstanceRow, look: Look, isEarly: boolean): Reconciled {
  const kind = judgePosted(look.said, look.shown, isEarly);
  if (kind === 'missing') return { id, kind: attempts + 1 < POSTS_LIMIT ? 'again' : 'lost' };
  const isThere = kind === 'stored' || kind === 'coerced';
  return { id, kind, ...(isThere && look.proof !== undefined ? { proof: look.proof } : {}) };
}

function toChange({ id, kind, proof }: Reconciled): readonly InstanceChange[] {
  if (kind === 'late') return [];
  return [{ ...toEnd(id, kind), ...(proof === undefined ? {} : { proof }) }];
}

function toEnd(id: number, kind: Exclude<Reconciled['kind'], 'late'>): InstanceChange {
  switch (kind) {
    case 'stored':
      // Of one that the PACS refused because it has it, the code was the refusal's.
      return { id, state: kind, reason: null, pacsCode: null };
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

async function planReconciled(
  { study, db }: LockedStudy,
  looked: readonly Reconciled[],
  waitedMinutes: number,
): Promise<Plan> {
  const { id: studyId } = study;
  const changes = (await keepThoseIn(db, studyId, ['posted'], looked)).flatMap(toChange);
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
    next: isHere ? [nextOf(studyId, event, waitedMinutes)] : [],
    audit: looked.some(({ kind }) => kind !== 'late')
      ? { event: 'study-reconciled', revision: study.revision, ...counts }
      : null,
    effects: [{ kind: 'count-instances', state: 'stored', count: counts.stored + counts.coerced }],
  };
}

function nextOf(studyId: string, event: StudyEvent | null, waitedMinutes: number): NextJob {
  if (event === 'reconciled') return { queue: 'receipt', studyId };
  if (event !== null) return { queue: 'forward', studyId, afterSeconds: LOOK_AGAIN_SECONDS };
  const afterSeconds = waitedMinutes === 0 ? LOOK_AGAIN_SECONDS : LATE_AGAIN_SECONDS;
  return { queue: 'reconcile', studyId, afterSeconds };
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
