/**
 * Reconcile: believes neither an answer nor a silence. It looks for the posted instances in the PACS; only those found
 * there count as stored. A loss is believed only after the PACS had time to show what it took. Then the instance is
 * posted again, and in the end a person has to look. A refusal is believed when the PACS was asked once more and does
 * not have the instance. An instance that the PACS lists but does not return is asked for again, less and less often.
 */
import type { InstanceState, StudyEvent } from '#shared/protocol/study-state.ts';
import { inTurns } from '../../threads/in-turns.ts';
import type { StudyAudit } from '../plan/audit-study.ts';
import { findInPacs, type Found } from '../pacs/find-in-pacs.ts';
import {
  changedThere,
  countStates,
  handedOver,
  instancesOf,
  isAsHandedOver,
  keepThoseIn,
  type InstanceChange,
  type InstanceRow,
} from '../stores/instance.store.ts';
import type { StudyTools } from '../plan/pipeline-tools.ts';
import type { NextJob } from '../plan/stages.ts';
import { countsAfter, type LockedStudy, type Plan, type Planner } from '../plan/study-plan.ts';
import { nextStudyState } from '#shared/protocol/study-state.ts';
import type { StudyRow } from '../stores/study.store.ts';
import { countedMinutes } from '../stores/tally.store.ts';
import { commitStored } from './commit-stored.ts';
import { countOffer, minutesUntilDue } from './count-offers.ts';
import { judgePosted, type Judged, type Said, type Shown } from './judge-posted.ts';
import { lookBefore } from './look-before.ts';
import { partition } from './post-batches.ts';
import { proveStored } from './prove-stored.ts';
import { isContested, rivalsOf, type Rivals } from './rivals.ts';

/** After this many posts that were never found, a person has to look at the PACS. */
const POSTS_LIMIT = 3;
/** Some PACS show what they took only after a while. Before anything is posted again, forward looks for it. */
export const LOOK_AGAIN_SECONDS = 5;
/** A PACS that lags, or returns nothing, for more than a minute is asked less often. */
const LATE_AGAIN_SECONDS = 30;

/** Some PACS refuse what they have stored, and show it seconds later. A longer wait would delay real refusals. */
const REFUSAL_LAG_MINUTES = 1;

type Reconciled = {
  readonly id: number;
  /** `missing` becomes `again`, or `lost` the last time. */
  readonly kind: Exclude<Judged, 'missing'> | 'again' | 'lost';
  readonly proof?: NonNullable<InstanceRow['proof']>;
  /** The new count of an instance that was `unseen`; also set if this was the last time. */
  readonly counted?: InstanceChange;
  /** How often an instance has been `missing` by now. */
  readonly losses?: number;
  /** Address at which the PACS has the instance. */
  readonly provenAt?: string;
  /** Whether the PACS that has the instance said that it keeps it. */
  readonly committed?: boolean;
  /** The note of what the PACS has, for an instance that was read back as promised or that the PACS changed. */
  readonly sentDigests?: string;
};

type Tools = Pick<StudyTools, 'db' | 'pacs' | 'patience' | 'proof' | 'keys' | 'blobs'>;

/** Throws PacsUnreachable. */
export async function reconcileStudy(study: StudyRow, tools: Tools, signal: AbortSignal): Promise<Planner> {
  const minutes = await countedMinutes(tools.db);
  const { lagMinutes, pauses } = tools.patience;
  const until = (row: InstanceRow): number => minutesUntilDue(row, { minutes, tookOthers: false }, pauses);
  const posted = await instancesOf(tools.db, study.id, ['posted']);
  const due = posted.filter((row) => until(row) === 0);
  const provenAt = tools.pacs.describe();
  const looks = await lookAtAll(study, due, tools, signal);
  const looked: Reconciled[] = [];
  await inTurns(due, (row) => {
    const look = looks.get(row.id);
    if (look === undefined) return;
    const lag = lagOf(look.said, lagMinutes);
    const one = toReconciled(row, look, lag > 0 && minutes - row.since_minute <= lag);
    looked.push(isThere(one) ? { ...one, provenAt, committed: look.committed } : one);
  });
  const waitedMinutes = Math.max(0, ...posted.map((row) => minutes - row.since_minute));
  return (locked) => planReconciled(locked, looked, { waitedMinutes, pausing: posted.length - due.length });
}

/** A refusal is the PACS's own word, so it is believed sooner than a loss, where the PACS had said the opposite. */
const lagOf = (said: Said, lagMinutes: number): number =>
  said === 'refused' ? Math.min(REFUSAL_LAG_MINUTES, lagMinutes) : lagMinutes;

/** One look at a row: what the gateway was told of it, and what the PACS shows. */
type Look = {
  readonly said: Said;
  readonly shown: Shown;
  readonly proof: Reconciled['proof'];
  readonly committed: boolean;
};

/**
 * Keyed by the rows' ids. Each row is looked at once, until the PACS falls silent; rows that wait for storage
 * commitment are left out. Throws PacsUnreachable.
 */
async function lookAtAll(
  study: StudyRow,
  posted: readonly InstanceRow[],
  tools: Tools,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Look>> {
  const uids = new Set(posted.map((row) => row.sop_instance_uid));
  const found =
    posted.length === 0
      ? { there: uids, unanswered: uids }
      : await findInPacs(study.study_instance_uid, uids, tools, signal);
  const rivals = await rivalsOf(tools.db, study, posted);
  const said = new Map<number, Said>();
  await inTurns(posted, (row) => void said.set(row.id, saidOf(row, rivals)));
  const maybeThere = ({ id, sop_instance_uid }: InstanceRow): boolean =>
    found.there.has(sop_instance_uid) || AS_REFUSED.includes(said.get(id)!);
  const commitments = await commitStored(study, posted.filter(maybeThere), tools, signal);
  const isKept = ({ id }: InstanceRow): boolean => (commitments?.get(id) ?? 'committed') === 'committed';
  const [kept, others] = partition(posted, isKept);
  const committed = commitments !== null;
  const shown = await showAll(study, { posted: kept, found, said }, tools, signal);
  const looks = new Map<number, Look>();
  await inTurns([...shown], ([id, one]) => void looks.set(id, { said: said.get(id)!, ...one, committed }));
  await inTurns(others, ({ id }) => {
    const commitment = commitments?.get(id);
    if (commitment === 'pending') return;
    const shown = commitment === 'absent' ? 'absent' : 'unanswered';
    looks.set(id, { said: said.get(id)!, shown, proof: undefined, committed: false });
  });
  return looks;
}

const AS_REFUSED: readonly Said[] = ['refused', 'refused-after-silence'];

type ToShow = {
  readonly posted: readonly InstanceRow[];
  readonly found: Found;
  readonly said: ReadonlyMap<number, Said>;
};

/** What the PACS shows of each, keyed by the rows' ids. Throws PacsUnreachable. */
async function showAll(
  study: StudyRow,
  { posted, found: { there: held, unanswered }, said }: ToShow,
  tools: Tools,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Pick<Look, 'shown' | 'proof'>>> {
  const listed = posted.filter((row) => held.has(row.sop_instance_uid));
  const which = (rows: readonly InstanceRow[], of: readonly Said[]) =>
    rows.filter(({ id }) => of.includes(said.get(id)!));
  // A list of UIDs does not tell whose bytes they are, and a refused instance may be in the PACS under another study.
  const toCompare = [...which(listed, ['contested']), ...which(posted, AS_REFUSED)];
  const compared = await lookBefore(study, toCompare, tools, signal);
  const toProve = which(listed, ['claimed']);
  const proven = await proveStored(study, toProve, tools, signal);
  const shown = new Map<number, Pick<Look, 'shown' | 'proof'>>();
  await inTurns(posted, ({ id, sop_instance_uid: uid }) => {
    if (held.has(uid)) shown.set(id, { shown: 'listed', proof: 'found' });
    else shown.set(id, { shown: unanswered.has(uid) ? 'unanswered' : 'absent', proof: undefined });
  });
  const outcomes = new Map(compared.map(({ id, kind }) => [id, kind]));
  for (const { id } of toCompare) {
    const kind = outcomes.get(id);
    if (kind === undefined) shown.delete(id);
    // An instance that the list names but a search does not find counts as listed.
    else if (kind !== 'absent') shown.set(id, { shown: kind, proof: 'read-back' });
  }
  await inTurns(toProve, ({ id }) => {
    const one = proven.get(id);
    if (one === undefined) shown.delete(id);
    else shown.set(id, one);
  });
  return shown;
}

function saidOf(row: InstanceRow, rivals: Rivals): Said {
  if (row.reason === 'pacs-refused') return row.offers > 0 ? 'refused-after-silence' : 'refused';
  // The receipt will state this row's digest, so the PACS has to show those bytes.
  if (!isAsHandedOver(row)) return 'contested';
  if (row.pacs_code !== null) return 'coerced';
  return isContested(row, rivals) ? 'contested' : 'claimed';
}

const isThere = ({ kind }: Pick<Reconciled, 'kind'>): boolean => kind === 'stored' || kind === 'coerced';

function toReconciled(row: InstanceRow, look: Look, isEarly: boolean): Reconciled {
  const { id } = row;
  const kind = judgePosted(look.said, look.shown, isEarly);
  if (kind === 'missing') {
    const losses = row.losses + 1;
    return { id, kind: losses < POSTS_LIMIT ? 'again' : 'lost', losses };
  }
  if (kind === 'unseen') {
    const counted = countOffer(row, look.shown !== 'silent', 'posted');
    return { id, kind: counted.state === 'quarantined' ? 'fails' : kind, counted };
  }
  return {
    id,
    kind,
    ...(isThere({ kind }) && look.proof !== undefined ? { proof: look.proof } : {}),
    ...(look.shown === 'same' && !isAsHandedOver(row) ? { sentDigests: handedOver(row) } : {}),
    ...(kind === 'changed' ? { sentDigests: changedThere(row) } : {}),
  };
}

function toChange({ id, kind, ...said }: Reconciled): readonly InstanceChange[] {
  const { proof, provenAt, losses, counted, sentDigests, committed } = said;
  if (counted !== undefined) return [counted];
  if (kind === 'late' || kind === 'unseen') return [];
  return [
    {
      ...toEnd(id, kind),
      ...(proof === undefined ? {} : { proof }),
      ...(provenAt === undefined ? {} : { provenAt }),
      ...(committed === undefined ? {} : { committed }),
      ...(losses === undefined ? {} : { losses }),
      ...(sentDigests === undefined ? {} : { sentDigests }),
    },
  ];
}

function toEnd(id: number, kind: Exclude<Reconciled['kind'], 'late' | 'unseen'>): InstanceChange {
  switch (kind) {
    case 'stored':
      // Where the PACS refused the instance because it already has it, the code belongs to that refusal.
      return { id, state: kind, reason: null, pacsCode: null };
    case 'coerced':
      return { id, state: kind, reason: null };
    case 'again':
      return { id, state: 'received' };
    case 'lost':
      return { id, state: 'quarantined', reason: 'pacs-lost' };
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

/** `pausing`: instances that were skipped, because the PACS did not return them a while ago. */
type Waits = { readonly waitedMinutes: number; readonly pausing: number };

async function planReconciled(
  { study, db }: LockedStudy,
  looked: readonly Reconciled[],
  waits: Waits,
): Promise<Plan> {
  const { id: studyId } = study;
  const changes = (await keepThoseIn(db, studyId, ['posted'], looked)).flatMap(toChange);
  const left = countsAfter(await countStates(db, studyId), 'posted', changes);
  const event: StudyEvent | null = TO_POST.some((state) => left.has(state))
    ? 'post-again'
    : left.has('posted')
      ? null
      : 'reconciled';
  // If a late instance has moved the study back, the findings are written and the study starts its way again.
  const isHere = event === null ? study.state === 'forwarded' : nextStudyState(study.state, event) !== null;
  const counts = countKinds(looked);
  const isNewWait =
    isHere &&
    event === null &&
    waits.pausing + counts.unseen > 0 &&
    study.waiting_because !== 'pacs-fails-on-some';
  const audits: StudyAudit[] = [];
  if (isNewWait) audits.push({ event: 'study-waiting', because: 'pacs-fails-on-some', stage: 'reconcile' });
  if (looked.some(({ kind }) => kind !== 'late' && kind !== 'unseen'))
    audits.push({ event: 'study-reconciled', revision: study.revision, ...counts });
  return {
    outcome: isHere ? (event ?? (counts.unseen > 0 ? 'pacs-fails-on-some' : 'late')) : 'elsewhere',
    changes: [
      { kind: 'change-instances', from: ['posted'], changes },
      ...(isHere && event === 'reconciled' ? [{ kind: 'forget-commitments' } as const] : []),
      ...(isNewWait ? [{ kind: 'wait', because: 'pacs-fails-on-some' } as const] : []),
    ],
    event: isHere ? event : null,
    next: isHere ? [nextOf(studyId, event, waits)] : [],
    audit: audits.length > 0 ? audits : null,
    effects: [{ kind: 'count-instances', state: 'stored', count: counts.stored + counts.coerced }],
  };
}

function nextOf(studyId: string, event: StudyEvent | null, { waitedMinutes }: Waits): NextJob {
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
    unseen: count('unseen'),
  };
}
