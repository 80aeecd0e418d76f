/** The outcomes of a study's instances at its further destinations, for its receipt. */
import { sql } from 'kysely';
import { coercionOf, type Coercion } from '#shared/protocol/coercion.ts';
import type { Need } from '#shared/protocol/forms.ts';
import { IN_PACS, isInPacs, isSettled } from '#shared/protocol/study-state.ts';
import type { Db } from '../../database/database.ts';
import { ENDED } from '../stores/copy.store.ts';
import { isAsHandedOver, type InstanceChange, type InstanceRow } from '../stores/instance.store.ts';
import type { Plan } from '../plan/study-plan.ts';
import type { StudyRow } from '../stores/study.store.ts';

export type CopyOutcome = {
  readonly name: string;
  readonly study: Pick<StudyRow, 'id' | 'state' | 'revision'>;
  /**
   * The address at which all its stored instances were seen; while the copy is on its way, the destination's present
   * address.
   */
  readonly pacs: string;
  readonly need: Need;
  /** The values that the destination wanted in the instances it got. */
  readonly coercion: Coercion | null;
  /** When the destination was given up: nothing more goes there. */
  readonly givenUpAt: Date | null;
  /** The copy has ended, and its rows are as its own check left them. */
  readonly isOver: boolean;
  /** Stored instances of an ended copy whose rows were changed since its own check. */
  readonly unproven: readonly Pick<InstanceRow, 'id' | 'state'>[];
  /** Keyed by `outcomeKey`. */
  readonly instances: ReadonlyMap<string, CopiedInstance>;
};
export type CopiedInstance = Pick<
  InstanceRow,
  | 'id'
  | 'sop_instance_uid'
  | 'digest'
  | 'state'
  | 'reason'
  | 'pacs_code'
  | 'proof'
  | 'coerced_from'
  | 'committed'
  | 'proven_at'
  | 'sent_digests'
  | 'updated_at'
>;

/** The key uses the promised digest. */
export const outcomeKey = (
  row: Pick<InstanceRow, 'sop_instance_uid' | 'digest'> & Partial<Pick<InstanceRow, 'coerced_from'>>,
): string => `${row.sop_instance_uid} ${row.coerced_from ?? row.digest}`;

/** In the order of the destinations' names. */
export async function copyOutcomes(db: Db, studyId: string): Promise<readonly CopyOutcome[]> {
  const copies = await db
    .selectFrom('study')
    .innerJoin('destination', 'destination.id', 'study.destination_id')
    .select(['study.id', 'study.state', 'study.revision', 'study.given_up_at as givenUpAt', 'study.coercion'])
    .select(['destination.name', 'destination.url'])
    .select(sql<Need>`study.need`.as('need'))
    .where('study.copy_of', '=', studyId)
    .orderBy('destination.name')
    .execute();
  return Promise.all(
    copies.map(async ({ id, state, revision, url, name, need, givenUpAt, coercion }) => {
      const rows = await db
        .selectFrom('instance')
        .select([
          'id',
          'sent_digests',
          'sop_instance_uid',
          'digest',
          'state',
          'reason',
          'pacs_code',
          'proof',
          'coerced_from',
          'committed',
          'proven_at',
          'updated_at',
        ])
        .where('study_id', '=', id)
        .execute();
      const study = { id, state, revision };
      return {
        name,
        need,
        givenUpAt,
        study,
        coercion: coercionOf(coercion),
        ...judge(rows, study, url),
        // A copy that was given up is not asked any more.
        ...(givenUpAt === null ? {} : { unproven: [] }),
        instances: new Map(rows.map((row) => [outcomeKey(row), row])),
      };
    }),
  );
}

/**
 * The copy is as its own check left it if all its stored instances were seen at one address, as they were handed over.
 */
function judge(
  rows: readonly CopiedInstance[],
  { state }: CopyOutcome['study'],
  url: string,
): Pick<CopyOutcome, 'pacs' | 'isOver' | 'unproven'> {
  if (!ENDED.includes(state)) return { pacs: url, isOver: false, unproven: [] };
  const there = rows.filter((row) => isInPacs(row.state));
  const pacs = there[0] === undefined ? url : there[0].proven_at;
  if (pacs !== null && there.every((row) => isAsHandedOver(row) && row.proven_at === pacs))
    return { pacs, isOver: true, unproven: [] };
  return { pacs: url, isOver: false, unproven: there };
}

/**
 * An instance is in the PACS when every required destination that was not given up has it. Null: they have everything
 * that the first destination has. Otherwise returns the plan to run before a receipt is signed: wait for them, or hold
 * an instance for a person to decide, with the reason of the destination that did not take it. The first destination
 * has that instance, and its proof there stays.
 */
export function withoutRequired(
  instances: readonly InstanceRow[],
  outcomes: readonly CopyOutcome[],
  { id: studyId, waiting_because }: { readonly id: string; readonly waiting_because: string | null },
): Plan | null {
  const there = instances.filter(({ state }) => isInPacs(state));
  const all = outcomes.filter(({ need }) => need === 'required');
  if (there.length > 0 && all.some(isAwaited)) return awaitRequired(waiting_because);
  const required = all.filter(({ givenUpAt }) => givenUpAt === null);
  const changes = new Map<number, InstanceChange>();
  for (const row of there)
    for (const { instances: copied } of required) {
      const copy = copied.get(outcomeKey(row));
      if (copy === undefined || !isSettled(copy.state)) return awaitRequired(waiting_because);
      if (isInPacs(copy.state)) continue;
      // An administrator gave it up there: nobody is asked again.
      if (copy.state !== 'left-out')
        changes.set(row.id, { id: row.id, state: 'quarantined', reason: copy.reason });
      else if (!changes.has(row.id))
        changes.set(row.id, { id: row.id, state: 'left-out', reason: 'left-out' });
    }
  if (changes.size === 0) return null;
  return {
    outcome: 'not-in-all',
    changes: [{ kind: 'change-instances', from: IN_PACS, changes: [...changes.values()] }],
    next: [{ queue: 'receipt', studyId }],
    audit: { event: 'instances-not-in-all', instances: changes.size },
  };
}

/** A copy that was given up is awaited until it has ended, because it may be sending to its destination just now. */
const isAwaited = ({ givenUpAt, isOver, study }: CopyOutcome): boolean =>
  givenUpAt === null ? !isOver : !ENDED.includes(study.state);

/** The study runs again when a copy ends. */
function awaitRequired(waitingBecause: string | null): Plan {
  const isNews = waitingBecause !== 'required-destination';
  return {
    outcome: 'required-destination',
    changes: isNews ? [{ kind: 'wait', because: 'required-destination' }] : [],
    audit: isNews ? { event: 'study-waiting', because: 'required-destination', stage: 'receipt' } : null,
  };
}
