/**
 * A copy may have a rule that wants other values at its destination (shared/src/protocol/coercion.ts). Instances that
 * it has taken over from its original are then written once more with those values, and only these files are posted
 * there. The original stays as it was promised. Instances whose policy removes names are left as they are.
 */
import { createHash, randomUUID, type Hash } from 'node:crypto';
import { giveBack } from '#shared/give-back.ts';
import { rangeSource } from '#shared/dicom/byte-source.ts';
import { readSegments } from '#shared/deid/segments.ts';
import { coercionOf, type Coercion } from '#shared/protocol/coercion.ts';
import { findPolicy } from '../../policies/policies.ts';
import { parcelKey } from '../../ports/blobs/blob-cipher.ts';
import { BlobDamaged, type BlobKey, type OpenBlob } from '../../ports/blobs/blobs.ts';
import { ThreadEnded } from '../../threads/thread.ts';
import { applyPlan } from '../plan/apply-plan.ts';
import { firstCopiedAt, type CoercedInstance } from '../stores/copy.store.ts';
import {
  instancesByKey,
  instancesOf,
  type InstanceChange,
  type InstanceRow,
} from '../stores/instance.store.ts';
import { blobOf, restoredOf } from '../stores/parcel-blobs.ts';
import type { PipelineTools } from '../plan/pipeline-tools.ts';
import { findStudy, type StudyRow } from '../stores/study.store.ts';

type Work = {
  readonly coercion: Coercion;
  readonly at: Date;
  readonly signal: AbortSignal;
  readonly tools: PipelineTools;
};

export async function coerceCopy(copy: StudyRow, tools: PipelineTools, signal: AbortSignal): Promise<void> {
  const coercion = coercionOf(copy.coercion);
  const holder = copy.copy_of === null ? undefined : await findStudy(tools.db, copy.copy_of);
  if (coercion === null || holder === undefined || holder.wrapped_key === null) return;
  const key = tools.keys.unwrap(holder.id, holder.wrapped_key);
  const rows = (await instancesOf(tools.db, copy.id, ['received'])).filter(
    (row) => row.coerced_from === null,
  );
  if (rows.length === 0 || key === null) return;
  const sources = await sourcesOf(holder, rows, tools);
  const at = await firstCopiedAt(tools.db, copy);
  const keeping = await keepsNames(copy, rows, tools);
  for (const [blobId, some] of Map.groupBy(rows, ({ id }) => blobOf(sources.get(id) ?? NOWHERE) ?? '')) {
    signal.throwIfAborted();
    const sourceKey = parcelKey(key, blobId);
    const body = blobId === '' ? null : await tools.blobs.open(blobId, sourceKey);
    // Forward finds out that their bytes are gone.
    if (body === null) continue;
    try {
      const parcelId = sources.get(some[0]!.id)!.parcel_id!;
      const of = { rows: some, sources, keeping, body, parcelId, studyKey: key };
      await coerceBlob(copy, of, { coercion, at, signal, tools });
    } finally {
      await body.close();
    }
  }
}

const NOWHERE = { parcel_id: null, restored: null };

/** Instances of the original, by the ids of the copy's rows. The copy's own place may be half written. */
async function sourcesOf(
  holder: StudyRow,
  rows: readonly InstanceRow[],
  { db }: Pick<PipelineTools, 'db'>,
): Promise<ReadonlyMap<number, InstanceRow>> {
  const keys = rows.map((row) => ({ sopInstanceUID: row.sop_instance_uid, digest: row.digest }));
  const originals = await instancesByKey(db, holder.id, keys);
  const byUid = new Map(originals.map((row) => [`${row.sop_instance_uid} ${row.digest}`, row]));
  return new Map(
    rows.flatMap((row) => {
      const source = byUid.get(`${row.sop_instance_uid} ${row.digest}`);
      return source === undefined ? [] : [[row.id, source] as const];
    }),
  );
}

/** The ids of the instances that are sent with names; none if the study is de-identified. */
async function keepsNames(
  { site_id: siteId, policy_name, policy_version }: StudyRow,
  rows: readonly InstanceRow[],
  { db }: Pick<PipelineTools, 'db'>,
): Promise<ReadonlySet<number>> {
  const own = await findPolicy(db, siteId, { name: policy_name, version: policy_version });
  if (own?.deidentify !== false) return new Set();
  const byPolicy = Map.groupBy(rows, (row) => `${row.policy_name} ${row.policy_version}`);
  const keeping = new Set<number>();
  for (const some of byPolicy.values()) {
    const { policy_name: name, policy_version: version } = some[0]!;
    const policy = await findPolicy(db, siteId, { name, version });
    if (policy?.deidentify === false) for (const { id } of some) keeping.add(id);
  }
  return keeping;
}

type OfBlob = {
  readonly rows: readonly InstanceRow[];
  readonly sources: ReadonlyMap<number, InstanceRow>;
  readonly keeping: ReadonlySet<number>;
  readonly body: OpenBlob;
  readonly parcelId: string;
  readonly studyKey: BlobKey;
};

/**
 * The rows name their new blob before it is written, because a blob that no row names is swept away. Nothing of it is
 * posted until the rows also name what they were made from.
 */
async function coerceBlob(copy: StudyRow, of: OfBlob, work: Work): Promise<void> {
  const { tools } = work;
  const blobId = restoredOf(of.parcelId, randomUUID());
  const place = { parcelId: of.parcelId, offset: 0, restored: blobId };
  await applyPlan(tools, copy.id, async () => ({
    outcome: 'to-coerce',
    changes: [
      {
        kind: 'change-instances',
        from: ['received'],
        changes: of.rows.map(({ id }) => ({ id, state: 'received', place })),
      },
    ],
  }));
  await tools.blobs.create(blobId);
  const blob = { id: blobId, key: parcelKey(of.studyKey, blobId), end: 0 };
  const made: Made[] = [];
  for (const row of of.rows) {
    const one = await makeOne(row, of, { ...work, blob }).catch(whereDamaged);
    if (one !== null) made.push(one);
  }
  await tools.blobs.sync(blobId);
  await applyPlan(tools, copy.id, async () => ({
    outcome: 'coerced',
    changes: [
      { kind: 'change-instances', from: ['received'], changes: made.filter(isHeld) },
      { kind: 'take-coerced', instances: made.filter(isMade) },
    ],
  }));
}

type Held = InstanceChange & { readonly state: 'quarantined' };
type Made = CoercedInstance | Held;
const isHeld = (one: Made): one is Held => 'reason' in one;
const isMade = (one: Made): one is CoercedInstance => !isHeld(one);
type Blob = { readonly id: string; readonly key: BlobKey; end: number };

/** Null: the bytes are not the promised ones. Throws BlobDamaged. */
async function makeOne(
  row: InstanceRow,
  { sources, keeping, body }: OfBlob,
  { coercion, at, signal, tools, blob }: Work & { readonly blob: Blob },
): Promise<Made | null> {
  const source = sources.get(row.id)!;
  const range = { offset: source.body_offset ?? 0, length: row.bytes };
  const { id, digest, bytes } = row;
  const asPromised = { id, digest, bytes, restored: source.restored, offset: range.offset };
  if (!keeping.has(id)) return asPromised;
  if ((await digestOf(body.stream(range, signal))) !== digest) return null;
  const file = rangeSource(body, range);
  const turn = { account: row.site_id, signal };
  const coerced = await tools.coerce(file, { coercion, at }, turn).catch(whereEnded);
  if (coerced.kind === 'unchanged') return asPromised;
  if (coerced.kind === 'not-writable') return HELD(id);
  const hash = createHash('sha256');
  const pieces = hashing(readSegments(coerced.pieces, file), hash);
  const offset = blob.end;
  const length = await tools.blobs.append(blob.id, blob.key, offset, pieces);
  blob.end += length;
  return { id, digest: hash.digest('hex'), bytes: length, restored: blob.id, offset };
}

const HELD = (id: number): Held => ({ id, state: 'quarantined', reason: 'coercion-not-writable' });

/** An instance that makes its thread end is not writable: it was verified before, in a thread with tighter limits. */
function whereEnded(error: unknown): { readonly kind: 'not-writable' } {
  if (error instanceof ThreadEnded) return { kind: 'not-writable' };
  throw error;
}

function whereDamaged(error: unknown): null {
  if (error instanceof BlobDamaged) return null;
  throw error;
}

async function digestOf(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of pieces) {
    hash.update(piece);
    giveBack(piece);
  }
  return hash.digest('hex');
}

async function* hashing(pieces: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}
