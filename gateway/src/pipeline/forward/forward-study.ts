/**
 * Forward: stores a study in the PACS. It writes in steps, each a plan of its own, because a crash must leave
 * behind what may have reached the PACS:
 *
 *   1. findOrphans    what an earlier run posted without hearing an answer is looked for
 *   2. settleKnown    what the PACS had before our first store is compared, never overwritten
 *   3. claim          what will be posted is marked `posting`, committed before the first request leaves; of two
 *                     uploads with one UID, one at a time (rivals.ts)
 *   4. returnLost     what the disk lost is asked for again (return-lost.ts; also what it spoiled, as that
 *                     is found on the way to the PACS)
 *   5. writeAnswers   what the PACS answered, as the answers come (post-batches.ts)
 *
 * and last, like every stage, the plan for the study itself.
 */
import { parcelKey } from '../../ports/blobs/blob-cipher.ts';
import type { OpenBlob } from '../../ports/blobs/blobs.ts';
import {
  countStates,
  handedOver,
  instancesOf,
  isChangedThere,
  keepThoseIn,
  NO_OFFERS,
  type InstanceChange,
  type InstanceRow,
  wasOffered,
} from '../instance.store.ts';
import { blobOf } from '../parcel-blobs.ts';
import { searchEach } from '../search-each.ts';
import type { NextJob } from '../stages.ts';
import { nothingToDo, type LockedStudy, type Plan, type Planner } from '../study-plan.ts';
import { findStudy, type StudyRow } from '../study.store.ts';
import { countedMinutes, MINUTE_SECONDS } from '../tally.store.ts';
import type { ForwardTools } from './forward-tools.ts';
import { countOffer, minutesUntilDue } from './count-offers.ts';
import { lookBefore, type LookOutcome } from './look-before.ts';
import { partition, postBatches, type ToPost } from './post-batches.ts';
import { returnLost } from './return-lost.ts';
import {
  isOtherKey,
  isAlreadyThere,
  lockHandover,
  rivalsOf,
  twinOf,
  withoutRivals,
  type Rivals,
} from './rivals.ts';

/** Another upload's instance of the same UID is on its way to the PACS: some seconds. */
const BEHIND_AGAIN_SECONDS = 2;
/** One that has no pause yet. */
const AGAIN_SECONDS = 1;

/** Throws PacsUnreachable. */
export async function forwardStudy(
  study: StudyRow,
  tools: ForwardTools,
  signal: AbortSignal,
): Promise<Planner> {
  const underWay = await instancesOf(tools.db, study.id, ['received', 'posting']);
  const rivals = await rivalsOf(tools.db, study, underWay);
  const absent = (await findOrphans(study, tools, signal)).union(
    await settleKnown(study, rivals, tools, signal),
  );
  // Others belong to the next run: none is posted before this one has searched the PACS for it.
  const toPost = (await dueOf(study, tools)).filter((row) => absent.has(row.id));
  const claimedAt = tools.now();
  const { claimed, behind } = await claim(toPost, { rivals, claimedAt }, tools);
  await postAll({ study, rows: claimed, claimedAt }, tools, signal);
  const seen = new Set(underWay.map(({ id }) => id));
  return (locked) => planForwarded(locked, { behind, seen }, tools);
}

/** Received instances, but those that were offered in vain a while ago. */
async function dueOf(study: StudyRow, tools: ForwardTools): Promise<readonly InstanceRow[]> {
  const until = await untilDue(tools.db, tools);
  return (await instancesOf(tools.db, study.id, ['received'])).filter((row) => until(row) === 0);
}

type DueTools = Pick<ForwardTools, 'patience' | 'takings'>;

/** The minutes until an instance may be offered again. */
async function untilDue(
  db: LockedStudy['db'],
  { patience, takings }: DueTools,
): Promise<(row: InstanceRow) => number> {
  const minutes = await countedMinutes(db);
  return (row) =>
    minutesUntilDue(row, { minutes, tookOthers: takings.tookOthersNow(row.id) }, patience.pauses);
}

/** Changes to instances of the study that are still in one of the states `from`, and nothing else. */
const changing =
  (from: readonly InstanceRow['state'][], changes: readonly InstanceChange[]): Planner =>
  async () => ({ outcome: 'changed', changes: [{ kind: 'change-instances', from, changes }] });

/**
 * Instances that an earlier run posted without an answer, or did not see in the PACS: those that are about to be
 * offered again, and those that the PACS may yet show. No others can be `posting`: jobs of one study never run at
 * the same time. And those that the PACS took and changed: they are the gateway's own there, and no conflict. Returns
 * those that it does not show.
 */
async function findOrphans(
  study: StudyRow,
  tools: ForwardTools,
  signal: AbortSignal,
): Promise<ReadonlySet<number>> {
  const { db, pacs, patience } = tools;
  const minutes = await countedMinutes(db);
  const until = await untilDue(db, tools);
  const mayShow = (row: InstanceRow): boolean => minutes - row.offered_minute <= patience.lagMinutes;
  const orphans = (await instancesOf(db, study.id, ['posting', 'received'])).filter(
    (row) =>
      row.state === 'posting' ||
      (row.posted_at !== null && (until(row) === 0 || mayShow(row))) ||
      (isChangedThere(row) && until(row) === 0),
  );
  if (orphans.length === 0) return new Set();
  const sopInstanceUIDs = orphans.map((row) => row.sop_instance_uid);
  const ofStudy = { studyInstanceUID: study.study_instance_uid, sopInstanceUIDs };
  const { places, unanswered } = await searchEach(pacs, ofStudy, signal);
  const there = new Set(places.map(({ sopInstanceUID }) => sopInstanceUID));
  const [unknown, looked] = partition(orphans, (row) => unanswered.has(row.sop_instance_uid));
  const [found, absent] = partition(looked, (row) => there.has(row.sop_instance_uid));
  const changes: InstanceChange[] = [
    ...unknown.map((row) => countOffer(row, true)),
    ...found.map(
      ({ id, posted_at }) =>
        ({ id, state: 'posted', postedAt: posted_at ?? tools.now(), offers: NO_OFFERS }) as const,
    ),
    ...absent.map(({ id }) => ({ id, state: 'received' }) as const),
  ];
  await tools.apply(changing(['posting', 'received'], changes));
  return new Set(absent.map(({ id }) => id));
}

/**
 * Looks for instances that the PACS had before our first store: the same bytes are stored already, others are a
 * conflict. One that it lists and does not give is neither: it is looked for again, like one that it does not
 * answer about. Returns the instances that it does not have.
 */
async function settleKnown(
  study: StudyRow,
  rivals: Rivals,
  tools: ForwardTools,
  signal: AbortSignal,
): Promise<ReadonlySet<number>> {
  const never = (await dueOf(study, tools)).filter(({ posted_at }) => posted_at === null);
  const at = tools.now();
  const twins = never.flatMap((row): InstanceChange[] => {
    const twin = twinOf(row, rivals);
    return twin === undefined
      ? []
      : [
          {
            id: row.id,
            state: 'posted',
            postedAt: at,
            pacsCode: twin.pacs_code,
            sentDigests: twin.sent_digests,
          },
        ];
  });
  if (twins.length > 0) await tools.apply(changing(['received'], twins));
  const unknown = never.filter((row) => twinOf(row, rivals) === undefined);
  const looked = await lookBefore(study, unknown, tools, signal);
  const of = new Map(unknown.map((row) => [row.id, row]));
  const provenAt = tools.pacs.describe();
  const commits = tools.pacs.askCommitment !== undefined;
  const changes = looked.flatMap((outcome) =>
    commits && outcome.kind === 'same'
      ? toAsked(of.get(outcome.id)!, at)
      : toKnown(outcome, of.get(outcome.id)!, { rivals, provenAt }),
  );
  if (changes.length > 0) {
    const count = (wanted: LookOutcome['kind']) => looked.filter(({ kind }) => kind === wanted).length;
    await tools.apply(async () => ({
      outcome: 'settled',
      changes: [{ kind: 'change-instances', from: ['received'], changes }],
      audit: {
        event: 'instances-known-to-pacs',
        same: count('same'),
        conflicts: count('other'),
        unknown: count('unknown') + count('silent') + count('unanswered'),
      },
    }));
  }
  return new Set(looked.filter(({ kind }) => kind === 'absent').map(({ id }) => id));
}

/** It has the bytes, and has not said that it keeps them: reconcile asks. */
const toAsked = (row: InstanceRow, postedAt: Date): readonly InstanceChange[] => [
  { id: row.id, state: 'posted', postedAt, sentDigests: handedOver(row) },
];

function toKnown(
  { id, kind }: LookOutcome,
  row: InstanceRow,
  { rivals, provenAt }: { readonly rivals: Rivals; readonly provenAt: string },
): readonly InstanceChange[] {
  switch (kind) {
    case 'absent':
      return [];
    case 'same':
      return [
        {
          ...{ id, state: 'already-stored', proof: 'read-back', provenAt, reason: null },
          sentDigests: handedOver(row),
          committed: false,
        },
      ];
    case 'other': {
      const there = isAlreadyThere(row, rivals);
      if (there !== null) return [{ id, state: 'refused', reason: there }];
      const reason = isOtherKey(row, rivals) ? 'already-here-other-key' : 'conflicting-instance';
      return [{ id, state: 'quarantined', reason }];
    }
    case 'unknown':
    case 'unanswered':
      // The PACS answers, and fails on this one.
      return [countOffer(row, true)];
    case 'silent':
      return [countOffer(row, false)];
    default:
      return kind satisfies never;
  }
}

/** `behind`: those that have to wait until another upload's instance of their UID has come to its end. */
type Claim = { readonly claimed: readonly InstanceRow[]; readonly behind: ReadonlySet<number> };

/**
 * Returns the instances that this run may post: another run may have posted them, or a person left them out.
 * `rivals`: when the PACS was looked at.
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

async function postAll(
  posting: Omit<ToPost, 'bodies'>,
  tools: ForwardTools,
  signal: AbortSignal,
): Promise<void> {
  const { study, rows } = posting;
  const holder = study.copy_of === null ? study : await findStudy(tools.db, study.copy_of);
  const bodies = await openBodies(holder ?? study, rows, tools);
  try {
    // An instance that its destination wants changed goes there changed, or not at all.
    const isWhole = (row: InstanceRow): boolean =>
      hasBytes(row, bodies) && (study.coercion === null || row.coerced_from !== null);
    const [whole, lost] = partition(rows, isWhole);
    await returnLost(study, lost, tools);
    await postBatches({ ...posting, rows: whole, bodies }, tools, signal);
  } finally {
    for (const body of bodies.values()) await body?.close();
  }
}

type Bodies = ReadonlyMap<string, OpenBlob | null>;

/** `study`: the one whose key they lie under. */
async function openBodies(
  study: StudyRow,
  rows: readonly InstanceRow[],
  { keys, blobs }: ForwardTools,
): Promise<Bodies> {
  // A key that can no longer be opened (the gateway's own has changed) is as good as none.
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

/** `behind`: instances that wait for another upload's. `seen`: those that were here when this run began. */
async function planForwarded(
  { study, db }: LockedStudy,
  { behind, seen }: { readonly behind: Claim['behind']; readonly seen: ReadonlySet<number> },
  tools: DueTools,
): Promise<Plan> {
  // More of it has been promised meanwhile.
  if (study.state !== 'assembled')
    return { ...nothingToDo('elsewhere'), next: await confirmPosted({ study, db }) };
  const left = await instancesOf(db, study.id, ['received', 'posting']);
  if (left.some(({ id }) => !seen.has(id)))
    return {
      ...nothingToDo('more-came'),
      next: [{ queue: 'forward', studyId: study.id }, ...(await confirmPosted({ study, db }))],
    };
  if (left.length > 0) return planPause({ study, db }, left, { behind, tools });
  const counts = await countStates(db, study.id);
  return {
    outcome: 'forwarded',
    event: 'forwarded',
    next: [{ queue: 'reconcile', studyId: study.id }],
    // Nobody is told that a study was handed over of which the PACS was offered nothing.
    audit: (await wasOffered(db, study.id))
      ? {
          event: 'study-forwarded',
          revision: study.revision,
          posted: counts.get('posted') ?? 0,
          refused: counts.get('refused') ?? 0,
        }
      : null,
  };
}

/** `pacs-refuses-size`: instances that are as large as a request that was refused for its size. */
function whyPausing(
  rows: readonly InstanceRow[],
  { takings: { batches } }: DueTools,
): 'pacs-refuses-size' | 'pacs-fails-on-some' {
  const { refusedBytes } = batches.size;
  const isTooLarge = refusedBytes !== null && rows.some(({ bytes }) => bytes >= refusedBytes);
  return isTooLarge ? 'pacs-refuses-size' : 'pacs-fails-on-some';
}

/** A client may wait for those that the PACS has by now: they do not wait for the rest of the study. */
async function confirmPosted({ study, db }: LockedStudy): Promise<readonly NextJob[]> {
  const isPosted = (await countStates(db, study.id)).has('posted');
  return isPosted && study.copy_of === null ? [{ queue: 'reconcile', studyId: study.id }] : [];
}

/** The study comes again when the first of the instances that are left is due, and looks once a minute until then. */
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
    // Said once: a wait that is repeated every two seconds is no news.
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
