/**
 * Verify: the gateway trusts nothing it was told. Each part of a parcel is checked. Its bytes (restored where they were
 * sent coded) must match the promised digest; its header must match UIDs, SOP Class and transfer syntax; under a
 * de-identifying policy, a second de-identification must change nothing.
 *
 * Changes no state. The outcome states the verdict on each instance, and whether the parcel is damaged and has to be
 * sent again. Restored instances lie in a blob of the run's own (restored-blob.ts).
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { ParcelError, readParcel, type ParcelPart } from '#shared/transfer/parcel.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import { BlobDamaged, StorageFull, type OpenBlob } from '../../ports/blobs/blobs.ts';
import { ThreadEnded, ThreadNotStarted } from '../../threads/thread.ts';
import type { InstanceRow } from '../stores/instance.store.ts';
import type { CheckInstance, PolicyRules, Turn } from '../plan/pipeline-tools.ts';
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
  /** `place` null: the instance is held without its bytes, because they could not be restored. */
  | {
      readonly id: number;
      readonly kind: 'quarantined';
      readonly because: ReasonCode;
      readonly place: Place | null;
    }
  | { readonly id: number; readonly kind: 'refused'; readonly because: ReasonCode }
  /** Other bytes than promised: the instance has to be sent again. */
  | { readonly id: number; readonly kind: 'damaged' };

export type VerifyOutcome = {
  /** Verdicts on the promised instances that the parcel holds. */
  readonly instances: readonly VerifiedInstance[];
  /** Parts that were not promised, or whose instances were here before: ignored. */
  readonly unpromised: number;
  /** The body could not be read beyond `offset`. */
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
  /** Notes the instance's trace in the database, so that it survives the gateway. */
  readonly note: (id: number, trace: Trace) => Promise<void>;
  /** An earlier run came to no outcome, so beginnings are noted. */
  readonly isRepeated: boolean;
  /**
   * Unexpected failures are settled instead of thrown: an instance is quarantined, and a body that cannot be read
   * further counts as broken there.
   */
  readonly isLastRun: boolean;
  /** Throws StorageFull if there is no room now to restore this many bytes. */
  readonly checkRoom: (bytes: number) => Promise<void>;
};

/**
 * How work on an instance ended for the process in which it ran. `beginnings`: noted before the work and taken back
 * after it; those that remain never ended, because the gateway died, of this instance or of something else. `ends`: how
 * often the instance ended its thread, or its own process, while it was alone in it.
 */
type Trace = { readonly beginnings: number; readonly ends: number };

/**
 * The gateway has died twice with this instance: once in the run before the first note, and once in the noted
 * beginning. From now on the instance gets a process of its own, so it can no longer end the gateway. Deaths alone
 * never hold an instance: a gateway that other causes kill a hundred times says nothing about it.
 */
const SUSPECT_BEGINNINGS = 1;
/** Ends by which an instance is held; one or two may be chance. */
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
    // A part that appears twice was promised once.
    if (awaited.delete(key) && promised)
      instances.push(await settlePart(body, { part, promised }, tools, signal));
  }
  return { instances, unpromised: parts.length - instances.length, broken };
}

const keyOf = (part: ParcelPart): string => `${part.sopInstanceUID} ${part.digest}`;

/** The parcel's parts, as far as they can be read. */
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

/** An instance on which verify fails does not keep the others waiting: it is held for a person, with its bytes. */
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
    // A full disk is not a failure of the instance, nor is a thread that could not be started.
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
    /** Returns how often the instance has ended the thread or process that it was alone in. */
    async endBadly(error: unknown): Promise<number> {
      if (!(error instanceof ThreadEnded)) {
        if (isNoted) await ignoreFailure(note(id, promised), 'the run fails by its own error');
        return 0;
      }
      // The instance ended its thread, as it might have ended the gateway, so its beginning stays noted.
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
