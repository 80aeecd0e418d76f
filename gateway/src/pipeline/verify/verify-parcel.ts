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
import { ThreadEnded, ThreadNotStarted } from '../../threads/thread.ts';
import type { InstanceRow } from '../instance.store.ts';
import type { CheckInstance, PolicyRules, Turn } from '../pipeline-tools.ts';
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
  | 'beginnings'
  | 'ends'
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
  /** Verdicts on the promised instances that the parcel holds. */
  readonly instances: readonly VerifiedInstance[];
  /** Parts that nobody promised, or that were here before: ignored. */
  readonly unpromised: number;
  /** The body could not be read to its end: `offset` is where. */
  readonly broken: { readonly offset: number } | null;
};

export type VerifyTools = ReadTools & {
  /** Instances that the study still awaits, by `UID digest`. */
  readonly awaited: (
    keys: readonly { readonly sopInstanceUID: string; readonly digest: string }[],
  ) => Promise<ReadonlyMap<string, Promised>>;
  /** The rules of the policy under which an instance was promised. */
  readonly rulesFor: (policyName: string, policyVersion: number) => Promise<PolicyRules>;
  readonly check: CheckInstance;
  /** The account that brought the parcel. */
  readonly account: string;
  /** Writes the trace of an instance down, so that it outlives the gateway. */
  readonly note: (id: number, trace: Trace) => Promise<void>;
  /** The run follows one without an outcome: beginnings are noted. */
  readonly isRepeated: boolean;
  /**
   * Unexpected failures are settled, not thrown: an instance is quarantined, and a body that cannot be
   * read on is broken there.
   */
  readonly isLastRun: boolean;
  /** Throws StorageFull if so many bytes cannot be restored now. */
  readonly checkRoom: (bytes: number) => Promise<void>;
};

/**
 * How work on an instance ended for the process that it ran in. `beginnings`: written before it begins and taken
 * back after it, so those that are left had no end: the gateway died, of this instance or of anything. `ends`: it
 * ended the thread, or the process of its own, that it was alone in.
 */
type Trace = { readonly beginnings: number; readonly ends: number };

/**
 * The gateway has died twice with it: one beginning that was noted, and the run before the first note. From now on
 * it gets a process of its own. So it ends the gateway no more, and deaths alone never hold an instance: a gateway
 * that is killed by others a hundred times says nothing of it.
 */
const SUSPECT_BEGINNINGS = 1;
/** Once may be chance, and so may twice. */
const ENDS_LIMIT = 3;

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

/** An instance that verify stumbles over keeps no other one waiting: it is held for a person, with its bytes. */
async function settlePart(
  body: OpenBlob,
  { part, promised }: AwaitedPart,
  tools: VerifyTools,
  signal: AbortSignal,
): Promise<VerifiedInstance> {
  const { id } = promised;
  const place = part.contentEncoding === null ? { offset: part.range.offset, isRestored: false } : null;
  const held: VerifiedInstance = { id, kind: 'quarantined', because: 'cannot-be-verified', place };
  const turn = { account: tools.account, isSuspect: promised.beginnings >= SUSPECT_BEGINNINGS, signal };
  const begun = await noteBeginning(promised, tools);
  try {
    const settled = await verifyPart(body, { part, promised }, tools, turn);
    await begun.endWell();
    return settled;
  } catch (error) {
    const ends = await begun.endBadly(signal.aborted ? signal.reason : error);
    signal.throwIfAborted();
    if (error instanceof BlobDamaged) return { id, kind: 'damaged' };
    // A disk that is full is no failure of the instance, nor is a thread that could not be started.
    if (error instanceof StorageFull || error instanceof ThreadNotStarted) throw error;
    if (tools.isLastRun || ends >= ENDS_LIMIT) return held;
    throw error;
  }
}

async function noteBeginning(promised: Promised, { note, isRepeated }: VerifyTools) {
  const { id, beginnings, ends } = promised;
  const isNoted = isRepeated || beginnings > 0 || ends > 0;
  const begun = { beginnings: beginnings + 1, ends };
  if (isNoted) await note(id, begun);
  return {
    endWell: async (): Promise<void> => (isNoted ? note(id, { beginnings: 0, ends: 0 }) : undefined),
    /** How often it has ended what it was alone in. */
    async endBadly(error: unknown): Promise<number> {
      if (!(error instanceof ThreadEnded)) {
        if (isNoted) await ignoreFailure(note(id, promised), 'the run fails by its own error');
        return 0;
      }
      // The instance ended its thread, as it might have ended the gateway: the beginning stays.
      const after = { ...begun, ends: ends + (error.wasAlone ? 1 : 0) };
      await note(id, after);
      return after.ends;
    },
  };
}

async function verifyPart(
  body: OpenBlob,
  { part, promised }: AwaitedPart,
  tools: VerifyTools,
  turn: Turn,
): Promise<VerifiedInstance> {
  const { id } = promised;
  const read = await readPart(body, { part, bytes: promised.bytes }, tools, turn);
  if (read === null) return { id, kind: 'damaged' };
  if (read.digest !== promised.digest) {
    await read.drop();
    return { id, kind: 'damaged' };
  }
  const rules = await tools.rulesFor(promised.policy_name, promised.policy_version);
  const verdict = await read.read((source) => tools.check(source, promised, rules, turn));
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
