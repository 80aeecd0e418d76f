/**
 * Verify: the gateway believes nothing. Each part of a parcel is held against the manifest: its bytes,
 * restored where they came coded, against the digest that was promised, its header against UIDs, SOP Class
 * and transfer syntax, and under a de-identifying policy against a second de-identification.
 *
 * Changes no state: the outcome states the fate of each instance, and whether the parcel is damaged and has
 * to come again. Restored instances lie in a blob of this run's own (restored-blob.ts).
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { ParcelError, readParcel, type ParcelPart } from '#shared/transfer/parcel.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import { BlobDamaged, StorageFull, type OpenBlob } from '../../ports/blobs/blobs.ts';
import { ThreadEnded } from '../../threads/thread.ts';
import type { InstanceRow } from '../instance.store.ts';
import type { CheckInstance, PolicyRules } from '../pipeline-tools.ts';
import { readPart, type Place, type ReadTools } from './read-part.ts';

export type Promised = Pick<
  InstanceRow,
  | 'id'
  | 'sop_instance_uid'
  | 'series_instance_uid'
  | 'sop_class_uid'
  | 'transfer_syntax_uid'
  | 'digest'
  | 'bytes'
  | 'policy_name'
  | 'policy_version'
> & { readonly study_instance_uid: string };

export type VerifiedInstance =
  | { readonly id: number; readonly kind: 'received'; readonly place: Place }
  /** `place` null: it is held without its bytes, because they could not be restored. */
  | {
      readonly id: number;
      readonly kind: 'quarantined';
      readonly because: ReasonCode;
      readonly place: Place | null;
    }
  | { readonly id: number; readonly kind: 'refused'; readonly because: ReasonCode }
  /** Different bytes than promised: to be sent again. */
  | { readonly id: number; readonly kind: 'damaged' };

export type VerifyOutcome = {
  /** Of the promised instances that the parcel holds. */
  readonly instances: readonly VerifiedInstance[];
  /** Parts that nobody promised, or that were here before: ignored. */
  readonly unpromised: number;
  /** The body could not be read to its end: `offset` is where. */
  readonly broken: { readonly offset: number } | null;
};

export type VerifyTools = ReadTools & {
  /** Those of the instances that the study still awaits, by `UID digest`. */
  readonly awaited: (
    keys: readonly { readonly sopInstanceUID: string; readonly digest: string }[],
  ) => Promise<ReadonlyMap<string, Promised>>;
  /** The rules of the policy under which an instance was promised. */
  readonly rulesFor: (policyName: string, policyVersion: number) => Promise<PolicyRules>;
  readonly check: CheckInstance;
  /** The account that brought the parcel. */
  readonly account: string;
  /** In a run that follows one without an outcome; null in the first. */
  readonly begun: BegunInstances | null;
  /**
   * Unexpected failures are settled, not thrown: an instance is quarantined, and a body that cannot be
   * read on is broken there.
   */
  readonly isLastRun: boolean;
  /** Throws StorageFull if so many bytes cannot be restored now. */
  readonly checkRoom: (bytes: number) => Promise<void>;
};

/**
 * Notes of the instances that were begun: each before its work begins, crossed out after it. One that ends the
 * process cannot say so itself; its note does.
 */
export type BegunInstances = {
  /** Notes that the work on it begins; how often it began without having been crossed out. */
  note(id: number): Promise<number>;
  crossOut(id: number): Promise<void>;
};

/**
 * An instance that was begun so often and never crossed out is not begun again. With the run before the first
 * note it has ended three.
 */
const BEGINNINGS_LIMIT = 2;

export async function verifyParcel(
  body: OpenBlob,
  tools: VerifyTools,
  signal: AbortSignal,
): Promise<VerifyOutcome> {
  const { parts, broken } = await readParts(body, tools.isLastRun);
  const awaited = new Map(await tools.awaited(parts));
  const coded = parts.filter(({ contentEncoding }) => contentEncoding !== null);
  if (coded.length > 0)
    await tools.checkRoom(coded.reduce((sum, part) => sum + (awaited.get(keyOf(part))?.bytes ?? 0), 0));
  const instances: VerifiedInstance[] = [];
  for (const part of parts) {
    signal.throwIfAborted();
    const key = keyOf(part);
    const promised = awaited.get(key);
    // A part that stands there twice was promised once.
    if (awaited.delete(key) && promised)
      instances.push(await settlePart(body, { part, promised }, tools, signal));
  }
  return { instances, unpromised: parts.length - instances.length, broken };
}

const keyOf = (part: ParcelPart): string => `${part.sopInstanceUID} ${part.digest}`;

/** The parcel's own list of its contents, as far as it can be read. */
async function readParts(
  body: OpenBlob,
  isLastRun: boolean,
): Promise<{ parts: readonly ParcelPart[]; broken: VerifyOutcome['broken'] }> {
  const parts: ParcelPart[] = [];
  try {
    for await (const part of readParcel(body)) parts.push(part);
  } catch (error) {
    if (error instanceof ParcelError || error instanceof BlobDamaged)
      return { parts, broken: { offset: error.offset } };
    const last = parts.at(-1)?.range;
    if (isLastRun) return { parts, broken: { offset: last === undefined ? 0 : last.offset + last.length } };
    throw error;
  }
  return { parts, broken: null };
}

type AwaitedPart = { readonly part: ParcelPart; readonly promised: Promised };

/**
 * One instance that verify stumbles over keeps no other one waiting: it is held for a person, with its bytes.
 */
async function settlePart(
  body: OpenBlob,
  { part, promised }: AwaitedPart,
  tools: VerifyTools,
  signal: AbortSignal,
): Promise<VerifiedInstance> {
  const { id } = promised;
  const place = part.contentEncoding === null ? { offset: part.range.offset, isRestored: false } : null;
  const held: VerifiedInstance = { id, kind: 'quarantined', because: 'cannot-be-verified', place };
  const limit = tools.isLastRun ? 1 : BEGINNINGS_LIMIT;
  if (tools.begun !== null && (await tools.begun.note(id)) > limit) return held;
  try {
    const settled = await verifyPart(body, { part, promised }, tools, signal);
    await tools.begun?.crossOut(id);
    return settled;
  } catch (error) {
    // It ended its thread, as it might have ended the process: the note stays.
    if (signal.aborted || !(error instanceof ThreadEnded))
      await ignoreFailure(tools.begun?.crossOut(id) ?? Promise.resolve(), 'the run fails by its own error');
    signal.throwIfAborted();
    if (error instanceof BlobDamaged) return { id, kind: 'damaged' };
    // A disk that is full is no failure of the instance.
    if (!tools.isLastRun || error instanceof StorageFull) throw error;
    return held;
  }
}

async function verifyPart(
  body: OpenBlob,
  { part, promised }: AwaitedPart,
  tools: VerifyTools,
  signal: AbortSignal,
): Promise<VerifiedInstance> {
  const { id } = promised;
  const read = await readPart(body, { part, bytes: promised.bytes }, tools, signal);
  if (read === null) return { id, kind: 'damaged' };
  if (read.digest !== promised.digest) {
    await read.drop();
    return { id, kind: 'damaged' };
  }
  const rules = await tools.rulesFor(promised.policy_name, promised.policy_version);
  const verdict = await read.read((source) =>
    tools.check(source, promised, rules, { account: tools.account, signal }),
  );
  switch (verdict.kind) {
    case 'verified':
      return { id, kind: 'received', place: await read.keep() };
    case 'quarantined':
      return { id, kind: 'quarantined', because: verdict.because, place: await read.keep() };
    case 'refused':
      await read.drop();
      return { id, kind: 'refused', because: verdict.because };
    default:
      return verdict satisfies never;
  }
}
