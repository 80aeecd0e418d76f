/**
 * Verify: the gateway believes nothing. Each part of a parcel is held against the manifest: its bytes against the digest that was promised,
 * its header against UIDs, SOP Class and transfer syntax, and under a de-identifying policy against a second de-identification.
 *
 * Streams: an instance that is larger than `AT_ONCE_BYTES` is never in memory. Changes nothing: the outcome says what is to become of each
 * instance, and whether the parcel is damaged and has to come again.
 */
import { createHash } from 'node:crypto';
import { bytesSource, rangeSource } from '#shared/dicom/byte-source.ts';
import type { ByteRange, ByteSource } from '#shared/dicom/data-set.ts';
import { ParcelError, readParcel, type ParcelPart } from '#shared/transfer/parcel.ts';
import type { ReasonCode } from '#shared/protocol/problem.ts';
import type { OpenBlob } from '../../ports/blobs/blobs.ts';
import type { InstanceRow } from '../instance.store.ts';
import { verifyInstance, type VerifyRules } from './verify-instance.ts';

/** Up to here an instance is read, decrypted and hashed in one go; beyond it in pieces. Two parcels at once hold twice as much. */
const AT_ONCE_BYTES = 8 * 1024 * 1024;

export type Promised = Pick<
  InstanceRow, 'id' | 'sop_instance_uid' | 'series_instance_uid' | 'sop_class_uid' | 'transfer_syntax_uid' | 'digest' | 'bytes' | 'policy_name' | 'policy_version'
> & { readonly study_instance_uid: string };

export type VerifiedInstance =
  | { readonly id: number; readonly kind: 'received'; readonly offset: number; readonly bytes: number }
  | { readonly id: number; readonly kind: 'quarantined'; readonly because: ReasonCode; readonly offset: number }
  | { readonly id: number; readonly kind: 'refused'; readonly because: ReasonCode }
  /** Not the bytes that were promised: to be sent again. */
  | { readonly id: number; readonly kind: 'damaged' };

export type VerifyOutcome = {
  /** Of the promised instances that the parcel holds. */
  readonly instances: readonly VerifiedInstance[];
  /** Parts that nobody promised, or that were here before: ignored. */
  readonly unpromised: number;
  /** The body could not be read to its end: `offset` is where. */
  readonly broken: { readonly offset: number } | null;
};

export type VerifyTools = {
  /** Which of these the study still awaits, by `UID digest`. */
  readonly awaited: (keys: readonly { readonly sopInstanceUID: string; readonly digest: string }[]) => Promise<ReadonlyMap<string, Promised>>;
  /** The rules of the policy under which an instance was promised. */
  readonly rulesFor: (policyName: string, policyVersion: number) => VerifyRules;
  /** What fails unexpectedly is settled and not thrown: an instance is quarantined, and a body that cannot be read on is broken there. */
  readonly isLastRun: boolean;
};

export async function verifyParcel(body: OpenBlob, tools: VerifyTools, signal: AbortSignal): Promise<VerifyOutcome> {
  const { parts, broken } = await readParts(body, tools.isLastRun);
  const awaited = new Map(await tools.awaited(parts));
  const instances: VerifiedInstance[] = [];
  for (const part of parts) {
    signal.throwIfAborted();
    const key = `${part.sopInstanceUID} ${part.digest}`;
    const promised = awaited.get(key);
    // A part that stands there twice was promised once.
    if (awaited.delete(key) && promised) instances.push(await settlePart(body, part, promised, tools, signal));
  }
  return { instances, unpromised: parts.length - instances.length, broken };
}

/** What the parcel says it holds, as far as it can be read. */
async function readParts(body: OpenBlob, isLastRun: boolean): Promise<{ parts: readonly ParcelPart[]; broken: VerifyOutcome['broken'] }> {
  const parts: ParcelPart[] = [];
  try {
    for await (const part of readParcel(body)) parts.push(part);
  } catch (error) {
    if (error instanceof ParcelError) return { parts, broken: { offset: error.offset } };
    const last = parts.at(-1)?.range;
    if (isLastRun) return { parts, broken: { offset: last === undefined ? 0 : last.offset + last.length } };
    throw error;
  }
  return { parts, broken: null };
}

/** One instance that verify stumbles over keeps no other one waiting: it is held for a person, with its bytes. */
async function settlePart(body: OpenBlob, part: ParcelPart, promised: Promised, tools: VerifyTools, signal: AbortSignal): Promise<VerifiedInstance> {
  try {
    return await verifyPart(body, part, promised, tools, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!tools.isLastRun) throw error;
    return { id: promised.id, kind: 'quarantined', because: 'cannot-be-verified', offset: part.range.offset };
  }
}

async function verifyPart(body: OpenBlob, part: ParcelPart, promised: Promised, tools: VerifyTools, signal: AbortSignal): Promise<VerifiedInstance> {
  const { id } = promised;
  const { range } = part;
  // Coded parts come with a later version of the protocol; one that comes before it cannot have been promised to this gateway.
  if (part.contentEncoding !== null || range.length !== promised.bytes) return { id, kind: 'damaged' };
  const { digest, source } = await hashPart(body, range, signal);
  if (digest !== promised.digest) return { id, kind: 'damaged' };
  const verdict = await verifyInstance(source, promised, tools.rulesFor(promised.policy_name, promised.policy_version), signal);
  switch (verdict.kind) {
    case 'verified':
      return { id, kind: 'received', offset: range.offset, bytes: range.length };
    case 'quarantined':
      return { id, kind: 'quarantined', because: verdict.because, offset: range.offset };
    case 'refused':
      return { id, kind: 'refused', because: verdict.because };
    default:
      return verdict satisfies never;
  }
}

async function hashPart(body: OpenBlob, range: ByteRange, signal: AbortSignal): Promise<{ digest: string; source: ByteSource }> {
  const hash = createHash('sha256');
  if (range.length <= AT_ONCE_BYTES) {
    const bytes = await body.read(range.offset, range.length);
    return { digest: hash.update(bytes).digest('hex'), source: bytesSource(bytes) };
  }
  for await (const piece of body.stream(range, signal)) hash.update(piece);
  return { digest: hash.digest('hex'), source: rangeSource(body, range) };
}
