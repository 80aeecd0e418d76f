/**
 * Forward: stores a study in the PACS. It writes in steps, each with a plan of its own, so that after a crash it is
 * known what may have reached the PACS:
 *
 *   1. findOrphans    look for what an earlier run posted without hearing an answer
 *   2. settleKnown    compare, and never overwrite, what the PACS had before our first store
 *   3. claim          mark as `posting` what will be posted, committed before the first request leaves; of two
 *                     uploads with one UID, one at a time (rivals.ts)
 *   4. returnLost     ask the device again for what the disk lost (return-lost.ts); damage that is found on the
 *                     way to the PACS is treated the same
 *   5. writeAnswers   write what the PACS answered, as the answers come (post-batches.ts)
 *
 * These steps are repeated for instances that came meanwhile. The plan for the study itself comes last, as in every
 * stage.
 */
import { parcelKey } from '../../ports/blobs/blob-cipher.ts';
import type { OpenBlob } from '../../ports/blobs/blobs.ts';
import {
  countStates,
  countTaken,
  handedOver,
  instancesOf,
  keepThoseIn,
  type InstanceRow,
  wasOffered,
} from '../stores/instance.store.ts';
import { blobOf } from '../stores/parcel-blobs.ts';
import type { NextJob } from '../plan/stages.ts';
import { nothingToDo, type LockedStudy, type Plan, type Planner } from '../plan/study-plan.ts';
import { findStudy, type StudyRow } from '../stores/study.store.ts';
import { MINUTE_SECONDS } from '../stores/tally.store.ts';
import { dueOf, findOrphans, settleKnown, untilDue, type DueTools } from './find-before.ts';
import type { ForwardTools } from './forward-tools.ts';
import { partition, postBatches, type ToPost } from './post-batches.ts';
import { LOOK_AGAIN_SECONDS } from './reconcile-study.ts';
import { returnLost } from './return-lost.ts';
import { BATCHES_AT_ONCE, createLanes, type Lanes } from './take-batch.ts';
import { lockHandover, rivalsOf, withoutRivals, type Rivals } from './rivals.ts';

/** The wait while another upload's instance of the same UID is on its way to the PACS. That takes some seconds. */
const BEHIND_AGAIN_SECONDS = 2;
/** The wait for an instance that has no pause yet. */
const AGAIN_SECONDS = 1;

/** After this many rounds other studies have their turn; instances that come later are left to the next run. */
export const ROUNDS_LIMIT = 8;
/** Rounds at once: the last requests of one are under way while the next begins. */
const ROUNDS_AT_ONCE = 2;

/**
 * Works in rounds. When the last request of a round leaves, instances that have come by then are looked for and claimed
 * at once, so that the PACS stays busy. Throws PacsUnreachable.
 */
export async function forwardStudy(
  study: StudyRow,
  tools: ForwardTools,
  signal: AbortSignal,
): Promise<Planner> {
  const rounds: Rounds = {
    ...{ seen: new Set(), behind: new Set(), underWay: new Set() },
    ...{ isLooking: false, isLast: false, failure: null, inLane: createLanes(BATCHES_AT_ONCE) },
  };
  try {
    for (let begun = 0; begun < ROUNDS_LIMIT && !rounds.isLast; ) {
      const round = await nextRound(rounds, study, tools, signal);
      if (round === null && rounds.underWay.size === 0) break;
      if (round !== null) {
        begun += 1;
        await beginRound(rounds, round, tools, signal);
      }
      if (round === null || rounds.underWay.size === ROUNDS_AT_ONCE) await Promise.race(rounds.underWay);
    }
  } finally {
    await Promise.all(rounds.underWay);
  }
  if (rounds.failure !== null) throw rounds.failure.error;
  return (locked) => planForwarded(locked, rounds, tools);
}

type Rounds = {
  /** Instances that a round has taken into account. */
  readonly seen: Set<number>;
  /** Instances that wait for another upload's instance of the same UID. */
  readonly behind: Set<number>;
  /** None of these promises rejects. */
  readonly underWay: Set<Promise<void>>;
  /** New instances are being looked for. A round that ends meanwhile does not wait for that before it confirms. */
  isLooking: boolean;
  /** No further round begins. */
  isLast: boolean;
  failure: { readonly error: unknown } | null;
  readonly inLane: Lanes;
};

type Round = Pick<ToPost, 'study' | 'rows' | 'claimedAt'>;

type Newcomers = { readonly study: StudyRow; readonly rows: readonly InstanceRow[] };

/** Instances that no round has seen. Null: there are none, or more of the study has been promised meanwhile. */
async function findNewcomers(
  { seen }: Rounds,
  atStart: StudyRow,
  { db }: ForwardTools,
): Promise<Newcomers | null> {
  const isFirst = seen.size === 0;
  // In later rounds, instances that are `posting` belong to earlier rounds.
  const states = isFirst ? (['received', 'posting'] as const) : (['received'] as const);
  const rows = (await instancesOf(db, atStart.id, states)).filter(({ id }) => !seen.has(id));
  const study = isFirst || rows.length === 0 ? atStart : await findStudy(db, atStart.id);
  return rows.length === 0 || study?.state !== 'assembled' ? null : { study, rows };
}

/** The new instances that may be posted. Null: there are none, or no other round may begin. */
async function nextRound(
  rounds: Rounds,
  atStart: StudyRow,
  tools: ForwardTools,
  signal: AbortSignal,
): Promise<Round | null> {
  signal.throwIfAborted();
  const newcomers = await findNewcomers(rounds, atStart, tools);
  if (newcomers === null) return null;
  rounds.isLooking = true;
  // Clients that wait for instances of earlier rounds do not have to wait for these too.
  if (rounds.seen.size > 0) await confirm(tools);
  const round = await claimNewcomers(rounds, newcomers, tools, signal);
  // Not reset where the code above throws: a round that is under way confirms its own instances at its end.
  rounds.isLooking = false;
  return round;
}

/** Steps 1 to 3 of the list above. */
async function claimNewcomers(
  rounds: Rounds,
  { study, rows }: Newcomers,
  tools: ForwardTools,
  signal: AbortSignal,
): Promise<Round | null> {
  const rivals = await rivalsOf(tools.db, study, rows);
  const absent = (await findOrphans(study, rows, tools, signal)).union(
    await settleKnown(study, { underWay: rows, rivals }, tools, signal),
  );
  const toPost = (await dueOf(study, rows, tools)).filter((row) => absent.has(row.id));
  if (rounds.isLast) return null;
  const claimedAt = tools.now();
  const { claimed, behind } = await claim(toPost, { rivals, claimedAt }, tools);
  for (const { id } of rows) rounds.seen.add(id);
  for (const id of behind) rounds.behind.add(id);
  return { study, rows: claimed, claimedAt };
}

/** Returns when the last request of the round is leaving, or the round has ended. */
async function beginRound(
  rounds: Rounds,
  round: Round,
  tools: ForwardTools,
  signal: AbortSignal,
): Promise<void> {
  const { promise: isDry, resolve: onDry } = Promise.withResolvers<void>();
  const { inLane, underWay } = rounds;
  const posted = postRound({ ...round, onDry, inLane }, tools, signal)
    .then(async (mayFollow) => {
      rounds.isLast ||= !mayFollow;
      if (underWay.size > 1 || rounds.isLooking) await confirm(tools);
    })
    .catch((error: unknown) => {
      rounds.isLast = true;
      rounds.failure ??= { error };
    })
    .finally(() => underWay.delete(posted));
  underWay.add(posted);
  await Promise.race([isDry, posted]);
}

const confirm = ({ apply }: ForwardTools): Promise<unknown> =>
  apply(async (locked) => ({ outcome: 'confirmed', next: await confirmPosted(locked) }));

/** `behind`: instances that have to wait until another upload's instance of the same UID is done. */
type Claim = { readonly claimed: readonly InstanceRow[]; readonly behind: ReadonlySet<number> };

/**
 * Returns the instances that this run may post. Another run may have posted the rest, or a person left them out.
 * `rivals`: as they were when the PACS was looked at.
 */
async function claim(
  rows: readonly InstanceRow[],
  { rivals, claimedAt: postedAt }: { readonly rivals: Rivals; readonly claimedAt: Date },
  tools: ForwardTools,
): Promise<Claim> {
  let made: Claim = { claimed: [], behind: new Set() };
  if (rows.length === 0) return made;
  await tools.apply(async ({ study, db }) => {
    await lockHandover(db, study.site_id);
    const free = withoutRivals(rows, rivals, await rivalsOf(db, study, rows));
    const claimed = await keepThoseIn(db, study.id, ['received'], free);
    const isFree = new Set(free.map(({ id }) => id));
    made = { claimed, behind: new Set(rows.map(({ id }) => id).filter((id) => !isFree.has(id))) };
    return {
      outcome: 'claimed',
      changes: [
        {
          kind: 'change-instances',
          from: ['received'],
          changes: claimed.map((row) => ({
            id: row.id,
            state: 'posting',
            postedAt,
            sentDigests: handedOver(row),
          })),
        },
      ],
    };
  });
  return made;
}

/**
 * Posts the instances whose bytes are all on the disk; the others are asked for again. False: no other round may
 * follow.
 */
async function postRound(
  posting: Omit<ToPost, 'bodies'>,
  tools: ForwardTools,
  signal: AbortSignal,
): Promise<boolean> {
  const { study, rows } = posting;
  const holder = study.copy_of === null ? study : await findStudy(tools.db, study.copy_of);
  const bodies = await openBodies(holder ?? study, rows, tools);
  try {
    // An instance that its destination wants changed is sent there changed, or not at all.
    const isWhole = (row: InstanceRow): boolean =>
      hasBytes(row, bodies) && (study.coercion === null || row.coerced_from !== null);
    const [whole, lost] = partition(rows, isWhole);
    await returnLost(study, lost, tools);
    return await postBatches({ ...posting, rows: whole, bodies }, tools, signal);
  } finally {
    for (const body of bodies.values()) await body?.close();
  }
}

type Bodies = ReadonlyMap<string, OpenBlob | null>;

/** `study`: the one whose key encrypts the blobs. */
async function openBodies(
  study: StudyRow,
  rows: readonly InstanceRow[],
  { keys, blobs }: ForwardTools,
): Promise<Bodies> {
  // A key that can no longer be unwrapped (the gateway's own key has changed) is treated as missing.
  const key = study.wrapped_key === null ? null : keys.unwrap(study.id, study.wrapped_key);
  const bodies = new Map<string, OpenBlob | null>();
  for (const blobId of new Set(rows.map(blobOf))) {
    if (blobId !== null)
      bodies.set(blobId, key === null ? null : await blobs.open(blobId, parcelKey(key, blobId)));
  }
  return bodies;
}

function hasBytes(row: InstanceRow, bodies: Bodies): boolean {
  const body = bodies.get(blobOf(row) ?? '');
  return body != null && (row.body_offset ?? 0) + row.bytes <= body.size;
}

/** The PACS took the instance, but reconcile has found meanwhile that it does not show it. */
const isLost = (row: InstanceRow): boolean =>
  row.state === 'received' && row.posted_at !== null && row.offers === 0;

async function planForwarded(
  { study, db }: LockedStudy,
  { behind, seen }: Pick<Rounds, 'behind' | 'seen'>,
  tools: DueTools,
): Promise<Plan> {
  // More of the study has been promised meanwhile.
  if (study.state !== 'assembled')
    return { ...nothingToDo('elsewhere'), next: await confirmPosted({ study, db }) };
  const left = await instancesOf(db, study.id, ['received', 'posting']);
  const hasCome = left.some(({ id }) => !seen.has(id));
  if (hasCome || left.some((row) => isLost(row) && !behind.has(row.id)))
    return {
      ...nothingToDo(hasCome ? 'more-came' : 'lost'),
      next: [
        { queue: 'forward', studyId: study.id, afterSeconds: hasCome ? 0 : LOOK_AGAIN_SECONDS },
        ...(await confirmPosted({ study, db })),
      ],
    };
  if (left.length > 0) return planPause({ study, db }, left, { behind, tools });
  const counts = await countStates(db, study.id);
  return {
    outcome: 'forwarded',
    event: 'forwarded',
    next: [{ queue: 'reconcile', studyId: study.id }],
    // No "handed over" event for a study of which the PACS was offered nothing.
    audit: (await wasOffered(db, study.id))
      ? {
          event: 'study-forwarded',
          revision: study.revision,
          posted: await countTaken(db, study.id, seen),
          refused: counts.get('refused') ?? 0,
        }
      : null,
  };
}

/** `pacs-refuses-size`: some instances are as large as a request that was refused for its size. */
function whyPausing(
  rows: readonly InstanceRow[],
  { takings: { batches } }: DueTools,
): 'pacs-refuses-size' | 'pacs-fails-on-some' {
  const { refusedBytes } = batches.size;
  const isTooLarge = refusedBytes !== null && rows.some(({ bytes }) => bytes >= refusedBytes);
  return isTooLarge ? 'pacs-refuses-size' : 'pacs-fails-on-some';
}

/**
 * Confirms instances that the PACS has by now. A client may wait for them, and need not wait for the rest of the study.
 */
async function confirmPosted({ study, db }: LockedStudy): Promise<readonly NextJob[]> {
  const isPosted = (await countStates(db, study.id)).has('posted');
  return isPosted && study.copy_of === null ? [{ queue: 'reconcile', studyId: study.id }] : [];
}

/** The study runs again when the first of the remaining instances is due, and checks once a minute until then. */
async function planPause(
  { study, db }: LockedStudy,
  left: readonly InstanceRow[],
  { behind, tools }: { readonly behind: Claim['behind']; readonly tools: DueTools },
): Promise<Plan> {
  const pausing = left.filter(({ id }) => !behind.has(id));
  const until = await untilDue(db, tools);
  const seconds = pausing.map((row) => (until(row) === 0 ? AGAIN_SECONDS : MINUTE_SECONDS));
  const because = pausing.length > 0 ? whyPausing(pausing, tools) : 'behind-another';
  const isNews = study.waiting_because !== because;
  return {
    outcome: because,
    // Noted once: a wait that repeats every two seconds is not news.
    changes: isNews ? [{ kind: 'wait', because }] : [],
    next: [
      {
        queue: 'forward',
        studyId: study.id,
        afterSeconds: Math.min(...seconds, behind.size > 0 ? BEHIND_AGAIN_SECONDS : Infinity),
      },
      ...(await confirmPosted({ study, db })),
    ],
    audit:
      isNews && because !== 'behind-another' ? { event: 'study-waiting', because, stage: 'forward' } : null,
  };
}
