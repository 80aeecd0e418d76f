/**
 * The road of one file on the device: read, apply the policy, digest. What comes out may be queued or sent; what does not comes out
 * with a reason. The same code runs in the page's workers and on the command line.
 *
 * Pixel data is neither decoded nor copied: the instance is a composite Blob of new header bytes and ranges of the file.
 */
import type { DeidRules } from '#shared/deid/rules.ts';
import type { Pseudonyms } from '#shared/deid/pseudonyms.ts';
import { deidentifyInstance } from '#shared/deid/deidentify-instance.ts';
import type { TagAction } from '#shared/deid/report.ts';
import { blobSource, bytesSource } from '#shared/dicom/byte-source.ts';
import type { ByteSource, InstanceIdentifiers, ParsedInstance } from '#shared/dicom/data-set.ts';
import { describeInstance, type InstanceDescription } from '#shared/dicom/describe-instance.ts';
import { missingFileMeta, readInstance } from '#shared/dicom/part10.ts';
import { findElement, textOf } from '#shared/dicom/values.ts';
import type { ReasonCode, WarningCode } from '#shared/protocol/problem.ts';
import { sha256OfBlob, sha256OfBytes } from '#shared/transfer/digest.ts';
import type { Outgoing, PreparedInstance } from '../queue/outgoing.ts';
import { refusingUnreadable, type NotSent } from './open-file.ts';

/** What the policy asks for. `identified`: the bytes as they are. */
export type DevicePolicy =
  | { readonly kind: 'identified' }
  | { readonly kind: 'deidentified'; readonly rules: DeidRules; readonly pseudonyms: Pseudonyms };

export type IngestOutcome =
  | { readonly kind: 'ready'; readonly instance: Outgoing<PreparedInstance>; readonly warnings: readonly WarningCode[] }
  | NotSent;

/** Phase one, for the screen: what the file says of itself. */
export interface FileSummary {
  readonly kind: 'summary';
  readonly identifiers: InstanceIdentifiers;
  readonly description: InstanceDescription;
  /** Burned In Annotation (0028,0301) is YES: PS3.3 §C.7.6.1. */
  readonly saysBurnedIn: boolean;
  readonly warnings: readonly WarningCode[];
}

const BURNED_IN_ANNOTATION = 0x00280301;
const NOT_DICOM = new Set<ReasonCode>(['empty-file', 'not-dicom', 'not-dicom-image', 'not-dicom-document', 'not-dicom-archive']);

/** Reads the header alone. `inFolder`: what is not DICOM is skipped, not refused. */
export async function summariseFile(file: Blob, inFolder: boolean, policy: DevicePolicy['kind'], signal?: AbortSignal): Promise<FileSummary | NotSent> {
  const read = await readFile(blobSource(file), inFolder, policy, signal);
  if (read.kind !== 'parsed') return read;
  const { instance } = read;
  const saysBurnedIn = textOf(findElement(instance.elements, BURNED_IN_ANNOTATION), instance)?.toUpperCase() === 'YES';
  return { kind: 'summary', identifiers: instance.identifiers, description: describeInstance(instance), saysBurnedIn, warnings: instance.warnings };
}

/** Up to this a file is read once and held, for the parser and the digest: each reading of a Blob costs a millisecond in a browser. */
const HELD_BYTES = 4 * 1024 * 1024;

/** The whole road. Throws only the signal's reason; a file that cannot be read is refused. */
export async function ingestFile(file: Blob, inFolder: boolean, policy: DevicePolicy, signal?: AbortSignal): Promise<IngestOutcome> {
  return refusingUnreadable(signal, async (): Promise<IngestOutcome> => {
    const held = file.size <= HELD_BYTES ? new Uint8Array(await file.arrayBuffer()) : null;
    const applied = await applyPolicy(file, inFolder, policy, signal, held === null ? blobSource(file) : bytesSource(held));
    if (applied.kind !== 'applied') return applied;
    const { identifiers, transferSyntaxUID, bytes, warnings } = applied;
    const digestOf = (blob: Blob): Promise<string> => (blob === file && held !== null ? sha256OfBytes(held) : sha256OfBlob(blob, signal));
    const originalDigest = policy.kind === 'identified' ? null : await policy.pseudonyms.originalDigest(await digestOf(file));
    const instance: PreparedInstance = {
      studyInstanceUID: identifiers.studyInstanceUID,
      seriesInstanceUID: identifiers.seriesInstanceUID,
      sopInstanceUID: identifiers.sopInstanceUID,
      sopClassUID: identifiers.sopClassUID,
      transferSyntaxUID,
      bytes,
      digest: await digestOf(bytes),
      originalDigest,
    };
    // The one place that gives the brand: the policy was applied above.
    return { kind: 'ready', instance: instance as Outgoing<PreparedInstance>, warnings };
  });
}

/** An instance as the policy lets it travel, not yet digested. */
export interface Applied {
  readonly kind: 'applied';
  readonly identifiers: InstanceIdentifiers;
  readonly transferSyntaxUID: string;
  readonly bytes: Blob;
  readonly warnings: readonly WarningCode[];
  /** What was done to which element; empty under `identified`. */
  readonly report: readonly TagAction[];
}

/** Reads the file and applies the policy. The same file gives the same bytes. `source`: the bytes of `file`, where they are at hand. */
export async function applyPolicy(file: Blob, inFolder: boolean, policy: DevicePolicy, signal?: AbortSignal, source = blobSource(file)): Promise<Applied | NotSent> {
  const read = await readFile(source, inFolder, policy.kind, signal);
  if (read.kind !== 'parsed') return read;
  const { instance } = read;
  return refusingUnreadable(signal, async (): Promise<Applied | NotSent> => {
    const { identifiers, transferSyntaxUID, warnings } = instance;
    if (policy.kind === 'identified') {
      const meta = missingFileMeta(instance);
      const bytes = meta === null ? file : new Blob([new Uint8Array(meta), file.slice(instance.dataSetOffset)]);
      return { kind: 'applied', identifiers, transferSyntaxUID, bytes, warnings, report: [] };
    }
    const changed = await deidentifyInstance(instance, policy.rules, policy.pseudonyms);
    if (changed.kind !== 'ready') return changed;
    const bytes = await compose(file, source, instance, changed.segments);
    return { kind: 'applied', identifiers: changed.identifiers, transferSyntaxUID: changed.transferSyntaxUID, bytes, warnings, report: changed.report };
  });
}

type Read = { readonly kind: 'parsed'; readonly instance: ParsedInstance } | NotSent;

async function readFile(source: ByteSource, inFolder: boolean, policy: DevicePolicy['kind'], signal?: AbortSignal): Promise<Read> {
  return refusingUnreadable(signal, async (): Promise<Read> => {
    const outcome = await readInstance(source, signal, policy === 'identified' ? 'checked' : 'replaced');
    if (outcome.kind === 'ready') return { kind: 'parsed', instance: outcome.instance };
    if (inFolder && NOT_DICOM.has(outcome.because)) return { kind: 'skipped', because: outcome.because };
    return outcome;
  });
}

async function compose(file: Blob, source: ByteSource, instance: ParsedInstance, segments: readonly (Uint8Array | { offset: number; length: number })[]): Promise<Blob> {
  const isFile = instance.dataSet === source;
  const parts = await Promise.all(segments.map(async (segment) => {
    if (segment instanceof Uint8Array) return new Uint8Array(segment);
    // An inflated Data Set is in memory already; a file is only pointed at.
    if (isFile) return file.slice(segment.offset, segment.offset + segment.length);
    return new Uint8Array(await instance.dataSet.read(segment.offset, segment.length));
  }));
  return new Blob(parts);
}
