/**
 * Finds instances that the PACS has before they are posted: those that an earlier run posted without hearing an answer,
 * and those that it had before our first store.
 */
import {
  handedOver,
  instancesOf,
  isChangedThere,
  NO_OFFERS,
  type InstanceChange,
  type InstanceRow,
} from '../stores/instance.store.ts';
import { searchEach } from '../pacs/search-each.ts';
import type { LockedStudy, Planner } from '../plan/study-plan.ts';
import type { StudyRow } from '../stores/study.store.ts';
import { countedMinutes } from '../stores/tally.store.ts';
import { countOffer, minutesUntilDue } from './count-offers.ts';
import type { ForwardTools } from './forward-tools.ts';
import { lookBefore, type LookOutcome } from './look-before.ts';
import { partition } from './post-batches.ts';
import { isAlreadyThere, isOtherKey, twinOf, type Rivals } from './rivals.ts';

/** Those of `rows` that are `received` and may be offered now: instances that failed a short while ago are left out. */
export async function dueOf(
  study: StudyRow,
  rows: readonly InstanceRow[],
  tools: ForwardTools,
): Promise<readonly InstanceRow[]> {
  const until = await untilDue(tools.db, tools);
  const isOfThem = withIds(rows);
  return (await instancesOf(tools.db, study.id, ['received'])).filter(
    (row) => isOfThem(row) && until(row) === 0,
  );
}

function withIds(rows: readonly InstanceRow[]): (row: InstanceRow) => boolean {
  const ids = new Set(rows.map(({ id }) => id));
  return ({ id }) => ids.has(id);
}

export type DueTools = Pick<ForwardTools, 'patience' | 'takings'>;

/** Returns a function that tells in how many minutes an instance may be offered again. */
export async function untilDue(
  db: LockedStudy['db'],
  { patience, takings }: DueTools,
): Promise<(row: InstanceRow) => number> {
  const minutes = await countedMinutes(db);
  return (row) =>
    minutesUntilDue(row, { minutes, tookOthers: takings.tookOthersNow(row.id) }, patience.pauses);
}

/** A plan that changes only instances of the study, and only those still in one of the states `from`. */
const changing =
  (from: readonly InstanceRow['state'][], changes: readonly InstanceChange[]): Planner =>
  async () => ({ outcome: 'changed', changes: [{ kind: 'change-instances', from, changes }] });

/**
 * Looks for instances that an earlier run posted without an answer, or did not see in the PACS: those that are about to
 * be offered again, and those that the PACS may yet show. All `posting` instances of the study are from such a run,
 * because jobs of one study never run at the same time and a run does not ask about those that it is posting itself.
 * Instances that the PACS took and changed are also looked for: there they are the gateway's own, and no conflict.
 * Returns those that the PACS does not show.
 */
export async function findOrphans(
  study: StudyRow,
  underWay: readonly InstanceRow[],
  tools: ForwardTools,
  signal: AbortSignal,
): Promise<ReadonlySet<number>> {
  const { db, pacs, patience } = tools;
  const minutes = await countedMinutes(db);
  const until = await untilDue(db, tools);
  const mayShow = (row: InstanceRow): boolean => minutes - row.offered_minute <= patience.lagMinutes;
  const orphans = underWay.filter(
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
 * Looks for instances that the PACS had before our first store. If the PACS has the same bytes, the instance is stored
 * already; other bytes are a conflict. An instance that the PACS lists but does not return is neither: it is looked for
 * again, like one for which the PACS gives no answer. Returns the instances that the PACS does not have.
 */
export async function settleKnown(
  study: StudyRow,
  { underWay, rivals }: { readonly underWay: readonly InstanceRow[]; readonly rivals: Rivals },
  tools: ForwardTools,
  signal: AbortSignal,
): Promise<ReadonlySet<number>> {
  const never = (await dueOf(study, underWay, tools)).filter(({ posted_at }) => posted_at === null);
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
  const changes = looked.flatMap(({ id, kind }) => {
    const row = of.get(id)!;
    return kind === 'same' ? [asFound(row, tools.pacs, at)] : toKnown({ id, kind }, row, rivals);
  });
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

/**
 * The PACS has the bytes. Where it is asked to say that it keeps them, it has not said so yet: reconcile asks.
 */
export function asFound(row: InstanceRow, pacs: ForwardTools['pacs'], at: Date): InstanceChange {
  const { id } = row;
  if (pacs.askCommitment !== undefined)
    return { id, state: 'posted', postedAt: at, sentDigests: handedOver(row) };
  return {
    ...{ id, state: 'already-stored', proof: 'read-back', provenAt: pacs.describe(), reason: null },
    ...{ sentDigests: handedOver(row), committed: false },
  };
}

function toKnown(
  { id, kind }: { readonly id: number; readonly kind: Exclude<LookOutcome['kind'], 'same'> },
  row: InstanceRow,
  rivals: Rivals,
): readonly InstanceChange[] {
  switch (kind) {
    case 'absent':
      return [];
    case 'other': {
      const there = isAlreadyThere(row, rivals);
      if (there !== null) return [{ id, state: 'refused', reason: there }];
      const reason = isOtherKey(row, rivals) ? 'already-here-other-key' : 'conflicting-instance';
      return [{ id, state: 'quarantined', reason }];
    }
    case 'unknown':
    case 'unanswered':
      // The PACS answers in general, but fails on this instance.
      return [countOffer(row, true)];
    case 'silent':
      return [countOffer(row, false)];
    default:
      return kind satisfies never;
  }
}
