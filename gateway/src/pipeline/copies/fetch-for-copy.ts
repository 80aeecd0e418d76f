/**
 * Fetches instances that a further destination is still to get and whose bytes the gateway no longer has. They are read
 * from the destination that has them, compared with the promised digest, and put where the original would have them.
 * From there the copy takes them over like any others (copy.store.ts).
 *
 * Instances that cannot be read, or are not as promised, are held for a person: `no-copy-to-send`. If the device has no
 * receipt yet, it still has its files, and is asked for them instead (forward/return-lost.ts).
 */
import { createHash } from 'node:crypto';
import { parcelKey } from '../../ports/blobs/blob-cipher.ts';
import { checkRoom, StorageFull, type BlobKey } from '../../ports/blobs/blobs.ts';
import { isTurnedAway, PacsUnreachable, type FoundInstance, type Pacs } from '../../ports/pacs/pacs.ts';
import { IN_PACS } from '#shared/protocol/study-state.ts';
import { applyPlan } from '../plan/apply-plan.ts';
import { hasReceipts, withoutBytes } from '../stores/copy.store.ts';
import { instancesOf, type InstanceRow } from '../stores/instance.store.ts';
import { firstUploadOf } from '../stores/parcel.store.ts';
import type { PipelineTools } from '../plan/pipeline-tools.ts';
import { nothingToDo, type Planner } from '../plan/study-plan.ts';
import { findStudy, type StudyRow, type Waiting } from '../stores/study.store.ts';

/** A parcel that a killed run left behind expires after this time; the next run makes another. */
const FETCH_HOURS = 24;
const AGAIN_SECONDS = 30;

/** False: the copy waits for the destination that has them, or for room on the disk; its job runs again. */
export async function fetchForCopy(
  copy: StudyRow,
  tools: PipelineTools,
  signal: AbortSignal,
): Promise<boolean> {
  const original = copy.copy_of === null ? undefined : await findStudy(tools.db, copy.copy_of);
  const wanted = await withoutBytes(tools.db, copy);
  if (original === undefined || wanted.length === 0) return true;
  try {
    await fetchAll(copy, original, wanted, { tools, signal });
    return true;
  } catch (error) {
    const because = whyWaiting(error);
    if (because === null) throw error;
    await applyPlan(tools, copy.id, async ({ study }) => ({
      outcome: because,
      changes: study.waiting_because === because ? [] : [{ kind: 'wait', because }],
      next: [{ queue: 'forward', studyId: copy.id, afterSeconds: AGAIN_SECONDS }],
    }));
    return false;
  }
}

function whyWaiting(error: unknown): Waiting | null {
  if (error instanceof PacsUnreachable) return 'primary-unreachable';
  return error instanceof StorageFull ? 'storage-full' : null;
}

type Work = { readonly tools: PipelineTools; readonly signal: AbortSignal };

/** Throws PacsUnreachable and StorageFull. */
async function fetchAll(
  copy: StudyRow,
  original: StudyRow,
  wanted: readonly InstanceRow[],
  { tools, signal }: Work,
): Promise<void> {
  const { pacs } = await tools.pacsOf(original);
  const places = new Map<number, Place>();
  if (pacs.streamInstance !== undefined) {
    const parcel = await openParcel(original, wanted, tools);
    await tools.blobs.create(parcel.id);
    for (const row of wanted) {
      signal.throwIfAborted();
      const place = await fetchOne(row, { pacs, study: original, parcel, tools, signal });
      if (place !== null) places.set(row.id, place);
    }
    await tools.blobs.sync(parcel.id);
    await applyPlan(tools, original.id, takeFetched(parcel.id, places));
  }
  const missing = wanted.filter(({ id }) => !places.has(id));
  const isLast = copy.need === 'also' || (await hasReceipts(tools.db, original.id));
  await applyPlan(tools, copy.id, planFetched(copy, { fetched: wanted, missing, isLast, places }));
}

type Place = { readonly parcelId: string; readonly offset: number };
type Parcel = { readonly id: string; readonly key: BlobKey; end: number };

async function openParcel(
  original: StudyRow,
  wanted: readonly InstanceRow[],
  tools: PipelineTools,
): Promise<Parcel> {
  const { db, keys, blobs, newId, now } = tools;
  const bytes = wanted.reduce((sum, row) => sum + row.bytes, 0);
  await checkRoom(blobs, bytes);
  const id = newId();
  const uploadId = await firstUploadOf(db, original.id);
  const expiresAt = new Date(now().getTime() + FETCH_HOURS * 3_600_000);
  await applyPlan(tools, original.id, async () => ({
    outcome: 'fetching',
    changes: [
      {
        kind: 'open-fetched',
        parcelId: id,
        uploadId,
        bytes,
        expiresAt,
        newKey: await keys.create(original.id),
      },
    ],
  }));
  const holder = await findStudy(db, original.id);
  const key = holder?.wrapped_key ? keys.unwrap(original.id, holder.wrapped_key) : null;
  // The gateway's own key has changed. The study's next announcement gives up what can no longer be read.
  if (key === null) throw new Error('the study has no key');
  return { id, key: parcelKey(key, id), end: 0 };
}

class OtherBytes extends Error {}

/**
 * Null: the PACS does not return it, or returns other bytes than were promised. Throws PacsUnreachable, StorageFull.
 */
async function fetchOne(
  row: InstanceRow,
  {
    pacs,
    study,
    parcel,
    tools,
    signal,
  }: Work & {
    readonly pacs: Pacs;
    readonly study: StudyRow;
    readonly parcel: Parcel;
  },
): Promise<Place | null> {
  const where: FoundInstance = {
    studyInstanceUID: study.study_instance_uid,
    seriesInstanceUID: row.series_instance_uid,
    sopInstanceUID: row.sop_instance_uid,
  };
  const offset = parcel.end;
  const read = (pieces: AsyncIterable<Uint8Array>): Promise<number> =>
    tools.blobs.append(parcel.id, parcel.key, offset, proven(pieces, row));
  const length = await pacs.streamInstance!(where, signal, read).catch(whereNotGiven);
  // A fetch that failed midway leaves its bytes in the blob; no row names them.
  parcel.end = (await tools.blobs.size(parcel.id)) ?? 0;
  return length === null ? null : { parcelId: parcel.id, offset };
}

/**
 * Passes the bytes on, and throws OtherBytes, at the latest after the last piece, if they are not the promised ones.
 */
async function* proven(
  pieces: AsyncIterable<Uint8Array>,
  { digest, bytes }: InstanceRow,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let count = 0;
  for await (const piece of pieces) {
    count += piece.length;
    if (count > bytes) throw new OtherBytes('more bytes than promised');
    hash.update(piece);
    yield piece;
  }
  if (count !== bytes || hash.digest('hex') !== digest) throw new OtherBytes('other bytes than promised');
}

/** A PACS that answers without the instance does not have it to give. A PACS that is away has said nothing. */
function whereNotGiven(error: unknown): null {
  if (error instanceof OtherBytes) return null;
  if (error instanceof PacsUnreachable && error.status !== null && !isTurnedAway(error.status)) return null;
  throw error;
}

/** `places`: keyed by the ids of the original's rows. */
const takeFetched =
  (parcelId: string, places: ReadonlyMap<number, Place>): Planner =>
  async ({ study, db }) => {
    if (places.size === 0)
      return {
        outcome: 'nothing-fetched',
        changes: [{ kind: 'delete-parcels', parcelIds: [parcelId] }],
        effects: [{ kind: 'remove-parcel-blobs', parcelIds: [parcelId] }],
      };
    const rows = await instancesOf(db, study.id, IN_PACS);
    return {
      outcome: 'fetched',
      changes: [
        { kind: 'move-parcel', parcelId, from: 'receiving', to: 'verified' },
        {
          kind: 'change-instances',
          from: IN_PACS,
          changes: rows.flatMap(({ id, state }) => {
            const place = places.get(id);
            return place === undefined ? [] : [{ id, state, place }];
          }),
        },
      ],
      audit: { event: 'instances-fetched', instances: places.size },
    };
  };

type Fetched = {
  readonly fetched: readonly InstanceRow[];
  readonly missing: readonly InstanceRow[];
  /** There is no other source to ask for them. */
  readonly isLast: boolean;
  readonly places: ReadonlyMap<number, Place>;
};

/**
 * The copy takes over the instances that were fetched into its original. Those that no source has are held for a
 * person.
 */
const planFetched =
  (copy: StudyRow, { fetched, missing, isLast, places }: Fetched): Planner =>
  async ({ study, db }) => {
    if (study.given_up_at !== null) return nothingToDo('given-up');
    const waiting: readonly ('promised' | 'received')[] = ['promised', 'received'];
    const rows = (await instancesOf(db, copy.id, waiting)).filter(({ parcel_id: id }) => id === null);
    const keyOf = ({ sop_instance_uid, digest, coerced_from }: InstanceRow): string =>
      `${sop_instance_uid} ${coerced_from ?? digest}`;
    const here = new Set(fetched.filter(({ id }) => places.has(id)).map(keyOf));
    const gone = new Set(isLast ? missing.map(keyOf) : []);
    const held = rows.filter((row) => gone.has(keyOf(row)));
    const { waiting_because: because } = study;
    return {
      outcome: 'fetched',
      changes: [
        {
          kind: 'change-instances',
          from: waiting,
          changes: [
            ...rows
              .filter((row) => here.has(keyOf(row)))
              .map(({ id }) => ({ id, state: 'promised', postedAt: null }) as const),
            ...held.map(
              ({ id }) => ({ id, state: 'quarantined', reason: 'no-copy-to-send', postedAt: null }) as const,
            ),
          ],
        },
        ...(because === 'primary-unreachable' || because === 'storage-full'
          ? [{ kind: 'stop-waiting', because } as const]
          : []),
      ],
      audit: held.length > 0 ? { event: 'instances-not-fetched', instances: held.length } : null,
    };
  };
