/**
 * Gives the uploader the parcels of a study: first the stored ones, then those still being packed, as they are
 * finished. Each row is read once, however long packing takes.
 */
import { liveQuery } from 'dexie';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { SEAL_TAG_BYTES, SEALED_RECORD_BYTES } from '#shared/transfer/seal.ts';
import { interruptStudy } from './drop-study.ts';
import { instancesOf } from './instance-rows.ts';
import type { InstanceRow, LocalDatabase, ParcelRow } from './local-database.ts';
import { endsIn, type Progress } from '../progress.ts';
import { isBeingPacked } from './finish-packing.ts';
import { CopyUnreadable, keyOf, type InstanceKey, type ParcelToSend } from '../upload-queue.ts';

interface GivingTools {
  readonly database: LocalDatabase;
  readonly progress: Progress;
  /** Resolves when no tab is packing the study any more. */
  readonly packerGone: (studyId: string) => Promise<void>;
}

interface Stored {
  readonly parcel: ParcelRow;
  readonly rows: readonly InstanceRow[];
}

/**
 * Ends when all of `need` has been given, or when the study is gone. Throws CopyUnreadable after giving every
 * readable parcel.
 */
export async function* giveParcels(
  tools: GivingTools,
  id: string,
  need: readonly InstanceKey[],
): AsyncGenerator<ParcelToSend> {
  const { database, progress } = tools;
  const wanted = new Set(need.map(keyOf));
  const rows = await instancesOf(database, id);
  const open = new Map(rows.filter((row) => wanted.has(keyOf(row))).map((row) => [row.position, row]));
  const awaited = () => sum([...open.values()], ({ bytes }) => bytes);
  const given = new Set<string>();
  const showProgress = () => ignoreFailure(progress.write(id), 'only a number on the screen');
  progress.plan(id, rows.length - open.size, awaited());

  async function* give(parcelIds: readonly string[]): AsyncGenerator<ParcelToSend> {
    for (const { parcel, rows } of await readStored(
      database,
      parcelIds.filter((parcelId) => !given.has(parcelId)),
    )) {
      given.add(parcel.id);
      const own = rows.filter((row) => open.delete(row.position));
      if (own.length === 0) continue;
      const ends = endsIn(
        parcel.bytes,
        rows.map((row) => row.codedBytes ?? row.bytes),
      );
      progress.add(id, { id: parcel.id, bytes: parcel.bytes, ends }, rows.length - own.length, awaited());
      yield toParcelToSend(database, parcel);
    }
  }

  yield* give([
    ...new Set([...open.values()].map(({ parcelId }) => parcelId).filter((parcelId) => parcelId !== null)),
  ]);
  await showProgress();
  if (open.size === 0) return;
  for await (const { isPacking, isGone, parcelIds } of watchPacking(tools, id)) {
    if (isGone) return;
    yield* give(parcelIds);
    await showProgress();
    if (open.size === 0) return;
    if (!isPacking) break;
  }
  // Instances that were withdrawn meanwhile have no row any more.
  const missing = await database.instances.bulkGet(
    [...open.keys()].map((position): [string, number] => [id, position]),
  );
  if (missing.some((row) => row !== undefined)) throw new CopyUnreadable('an instance has no copy here');
}

/** The complete parcels, in the order of their first instances. */
async function readStored(database: LocalDatabase, parcelIds: readonly string[]): Promise<Stored[]> {
  const parcels = (await database.parcels.bulkGet([...parcelIds])).filter((parcel) => parcel !== undefined);
  const stored = await Promise.all(
    parcels.map(async (parcel): Promise<Stored> => {
      // A parcel that is needed again after it was sent is created again under its name. If it was damaged it gets a
      // new upload; if it only waits for verification, the existing upload is found.
      const asked = parcel.state === 'sent' ? { ...parcel, location: null } : parcel;
      return {
        parcel: asked,
        rows: await database.instances.where('parcelId').equals(parcel.id).sortBy('position'),
      };
    }),
  );
  return stored
    .filter(({ rows }) => rows.length > 0)
    .sort((a, b) => a.rows[0]!.position - b.rows[0]!.position);
}

interface Packing {
  readonly isPacking: boolean;
  readonly isGone: boolean;
  readonly parcelIds: readonly string[];
}

/** Follows the packing of a study. If the packer has died, its study is marked as interrupted. */
async function* watchPacking({ database, packerGone }: GivingTools, id: string): AsyncGenerator<Packing> {
  let isOver = false;
  const noted = packerGone(id).then(async () => {
    if (!isOver) await interruptStudy(database, id);
  });
  void ignoreFailure(noted, 'the next start of a page interrupts it');
  try {
    yield* latestOf(async () => {
      const study = await database.studies.get(id);
      const isGone =
        study === undefined ||
        study.waiting === 'interrupted' ||
        study.state === 'taken-back' ||
        study.state === 'done';
      return {
        isPacking: isBeingPacked(study),
        isGone,
        parcelIds: await database.parcels.where('studyId').equals(id).primaryKeys(),
      };
    });
  } finally {
    isOver = true;
  }
}

/**
 * The result of a query, and a new one whenever the rows that it read change. Results that are not consumed in time
 * are skipped.
 */
async function* latestOf<T>(query: () => Promise<T>): AsyncGenerator<T> {
  let latest: { readonly value: T } | null = null;
  let failure: { readonly error: unknown } | null = null;
  let arrived = Promise.withResolvers<void>();
  const subscription = liveQuery(query).subscribe({
    next(value) {
      latest = { value };
      arrived.resolve();
    },
    error(error: unknown) {
      failure = { error };
      arrived.resolve();
    },
  });
  try {
    for (;;) {
      await arrived.promise;
      arrived = Promise.withResolvers();
      const taken = latest as { readonly value: T } | null;
      const failed = failure as { readonly error: unknown } | null;
      if (failed !== null) throw failed.error;
      latest = null;
      if (taken !== null) yield taken.value;
    }
  } finally {
    subscription.unsubscribe();
  }
}

/** The size of a record as stored and sent. */
const RECORD_BYTES = SEALED_RECORD_BYTES + SEAL_TAG_BYTES;

/** Throws CopyUnreadable if a record is missing or incomplete. */
export function toParcelToSend(database: LocalDatabase, parcel: ParcelRow): ParcelToSend {
  async function record(position: number): Promise<Uint8Array<ArrayBuffer>> {
    const row = await database.records.get([parcel.id, position]);
    if (!row) throw new CopyUnreadable('a record is missing');
    if (row.sealed.length !== Math.min(RECORD_BYTES, parcel.bytes - position * RECORD_BYTES))
      throw new CopyUnreadable('a record has another size');
    return row.sealed;
  }

  return {
    id: parcel.id,
    bytes: parcel.bytes,
    instances: parcel.instances,
    location: parcel.location,
    seal: parcel.seal,
    async read(offset, length) {
      const end = Math.min(offset + length, parcel.bytes);
      const piece = new Uint8Array(Math.max(0, end - offset));
      for (let at = offset; at < end; ) {
        const position = Math.floor(at / RECORD_BYTES);
        const bytes = (await record(position)).subarray(at - position * RECORD_BYTES).subarray(0, end - at);
        piece.set(bytes, at - offset);
        at += bytes.length;
      }
      return piece;
    },
  };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
