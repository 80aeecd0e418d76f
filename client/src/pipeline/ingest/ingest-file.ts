/**
 * The path of one file on the device: read, apply the policy, digest. The result is an instance that may be
 * queued or sent, or a reason why not. The same code runs in the page's workers and on the command line.
 *
 * Pixel data is not decoded: the instance consists of new header bytes and ranges of the file, joined in memory
 * up to some megabytes, otherwise in a composite Blob.
 */
import type { DeidRules } from '#shared/deid/rules.ts';
import type { Pseudonyms } from '#shared/deid/pseudonyms.ts';
import { deidentifyInstance, reasonToQuarantine } from '#shared/deid/deidentify-instance.ts';
import { mayShowFace } from '#shared/deid/recognizable-features.ts';
import { createReport, toWireReport, type TagAction } from '#shared/deid/report.ts';
import { blobSource, bytesSource } from '#shared/dicom/byte-source.ts';
import type { ByteSource, InstanceIdentifiers, ParsedInstance } from '#shared/dicom/data-set.ts';
import { describeInstance, type InstanceDescription } from '#shared/dicom/describe-instance.ts';
import { missingFileMeta, readInstance } from '#shared/dicom/part10.ts';
import { populationOf } from '#shared/models/population.ts';
import type { WireReport } from '#shared/protocol/deid-report.ts';
import type { DeviceTriage } from '#shared/protocol/inference.ts';
import type { ReasonCode, WarningCode } from '#shared/protocol/reasons.ts';
import { sha256OfBlob, sha256OfBytes } from '#shared/transfer/digest.ts';
import { HELD_BYTES, joinBytes, type InstanceBytes } from '#shared/transfer/instance-bytes.ts';
import type { Outgoing, PreparedInstance } from '../queue/outgoing.ts';
import { refusingUnreadable, type NotSent } from './open-file.ts';
import { FILMS } from './plain-films.ts';

/** `identified`: the bytes stay as they are. */
export type DevicePolicy =
  | { readonly kind: 'identified' }
  | { readonly kind: 'deidentified'; readonly rules: DeidRules; readonly pseudonyms: Pseudonyms };

export interface IngestTerms {
  readonly policy: DevicePolicy;
  /** Found in a folder: a file that is not DICOM is skipped there, not refused. */
  readonly inFolder: boolean;
  /** A person looked at its pixels (`deidentifyInstance`). */
  readonly released?: boolean;
}

export type IngestOutcome =
  | {
      readonly kind: 'ready';
      readonly instance: Outgoing<PreparedInstance>;
      readonly warnings: readonly WarningCode[];
      readonly report: readonly TagAction[];
      /** Triage of a plain film before a model has looked at it; null for anything else. */
      readonly triage: DeviceTriage | null;
    }
  | NotSent;

/** The file's own description, for the screen before Send. */
export interface FileSummary {
  readonly kind: 'summary';
  readonly identifiers: InstanceIdentifiers;
  readonly description: InstanceDescription;
  /** Why no de-identifying policy can make it safe: it is held until a person decides. */
  readonly held: ReasonCode | null;
  readonly warnings: readonly WarningCode[];
}

const NOT_DICOM = new Set<ReasonCode>([
  'empty-file',
  'not-dicom',
  'not-dicom-image',
  'not-dicom-document',
  'not-dicom-archive',
]);

/** Reads the header only. `inFolder`: as in `IngestTerms`. */
export async function summariseFile(
  file: Blob,
  inFolder: boolean,
  policy: DevicePolicy['kind'],
  signal?: AbortSignal,
): Promise<FileSummary | NotSent> {
  const read = await readFile(blobSource(file), inFolder, policy, signal);
  if (read.kind !== 'parsed') return read;
  const { instance } = read;
  const { identifiers, warnings } = instance;
  return {
    kind: 'summary',
    identifiers,
    description: describeInstance(instance),
    held: reasonToQuarantine(instance),
    warnings,
  };
}

/** The whole path. Throws only the signal's reason; a file that cannot be read is refused. */
export async function ingestFile(
  file: Blob,
  terms: IngestTerms,
  signal?: AbortSignal,
): Promise<IngestOutcome> {
  const { policy } = terms;
  return refusingUnreadable(signal, async (): Promise<IngestOutcome> => {
    const original = file.size <= HELD_BYTES ? new Uint8Array(await file.arrayBuffer()) : file;
    const applied = await applyTo(original, terms, signal);
    if (applied.kind !== 'applied') return applied;
    const { identifiers, transferSyntaxUID, bytes, warnings, report, triage } = applied;
    const originalDigest =
      policy.kind === 'identified'
        ? null
        : await policy.pseudonyms.originalDigest(await digestOf(original, signal));
    const instance: PreparedInstance = {
      studyInstanceUID: identifiers.studyInstanceUID,
      seriesInstanceUID: identifiers.seriesInstanceUID,
      sopInstanceUID: identifiers.sopInstanceUID,
      sopClassUID: identifiers.sopClassUID,
      transferSyntaxUID,
      bytes,
      digest: await digestOf(bytes, signal),
      originalDigest,
    };
    // The one place that gives the brand: the policy was applied above.
    return { kind: 'ready', instance: instance as Outgoing<PreparedInstance>, warnings, report, triage };
  });
}

/** The report of the actions for the gateway; null under `identified`, where nothing was done. */
export async function reportOf(
  policy: DevicePolicy,
  actions: readonly TagAction[],
): Promise<WireReport | null> {
  return policy.kind === 'identified' ? null : toWireReport(createReport(policy.rules.options, actions));
}

function digestOf(bytes: InstanceBytes, signal?: AbortSignal): Promise<string> {
  return bytes instanceof Blob ? sha256OfBlob(bytes, signal) : sha256OfBytes(bytes);
}

/** An instance as the policy allows it to be sent, not yet digested. */
export interface Applied<T extends InstanceBytes = Blob> {
  readonly kind: 'applied';
  readonly identifiers: InstanceIdentifiers;
  readonly transferSyntaxUID: string;
  readonly bytes: T;
  readonly warnings: readonly WarningCode[];
  /** The action on each element; empty under `identified`. */
  readonly report: readonly TagAction[];
  /** Names were removed, and a face may be left (PS3.15 E.3.2). */
  readonly showsFace: boolean;
  /** As in `IngestOutcome`. */
  readonly triage: DeviceTriage | null;
}

/**
 * Reads the file and applies the policy; only the header is loaded into memory. The same file gives the same
 * bytes.
 */
export function applyPolicy(
  file: Blob,
  terms: IngestTerms,
  signal?: AbortSignal,
): Promise<Applied | NotSent> {
  return applyTo(file, terms, signal);
}

/** Bytes held in memory stay there. */
async function applyTo<T extends InstanceBytes>(
  file: T,
  { policy, inFolder, released = false }: IngestTerms,
  signal: AbortSignal | undefined,
): Promise<Applied<T> | NotSent> {
  const source = file instanceof Blob ? blobSource(file) : bytesSource(file);
  const read = await readFile(source, inFolder, policy.kind, signal);
  if (read.kind !== 'parsed') return read;
  const { instance } = read;
  return refusingUnreadable(signal, async (): Promise<Applied<T> | NotSent> => {
    const { modality } = describeInstance(instance);
    const common = {
      kind: 'applied' as const,
      warnings: instance.warnings,
      // Decided on the original header: the de-identified one may not contain the age.
      triage: modality !== null && FILMS.has(modality) ? notLookedAt(populationOf(instance)) : null,
    };
    if (policy.kind === 'identified') {
      const { identifiers, transferSyntaxUID } = instance;
      const bytes = await withFileMeta(file, source, instance);
      return { ...common, identifiers, transferSyntaxUID, bytes, report: [], showsFace: false };
    }
    const changed = await deidentifyInstance(instance, policy.rules, policy.pseudonyms, released);
    if (changed.kind !== 'ready') return changed;
    const { identifiers, transferSyntaxUID, segments, report } = changed;
    const inflated = instance.dataSet === source ? null : instance.dataSet;
    const bytes = await compose(file, inflated, segments);
    const showsFace = mayShowFace(describeInstance(instance));
    return { ...common, identifiers, transferSyntaxUID, bytes, report, showsFace };
  });
}

/** The file as it is; one without File Meta Information gets it, and nothing else. */
async function withFileMeta<T extends InstanceBytes>(
  file: T,
  source: ByteSource,
  instance: ParsedInstance,
): Promise<T> {
  const meta = missingFileMeta(instance);
  if (meta === null) return file;
  const { dataSetOffset: offset } = instance;
  return compose(file, null, [meta, { offset, length: source.size - offset }]);
}

const notLookedAt = (population: DeviceTriage['population']): DeviceTriage => ({
  models: [],
  runtime: 'none',
  population,
  score: null,
  first: false,
  film: [],
});

type Read = { readonly kind: 'parsed'; readonly instance: ParsedInstance } | NotSent;

async function readFile(
  source: ByteSource,
  inFolder: boolean,
  policy: DevicePolicy['kind'],
  signal?: AbortSignal,
): Promise<Read> {
  return refusingUnreadable(signal, async (): Promise<Read> => {
    const outcome = await readInstance(source, signal, policy === 'identified' ? 'checked' : 'replaced');
    if (outcome.kind === 'ready') return { kind: 'parsed', instance: outcome.instance };
    if (inFolder && NOT_DICOM.has(outcome.because)) return { kind: 'skipped', because: outcome.because };
    return outcome;
  });
}

type Segment = Uint8Array | { readonly offset: number; readonly length: number };

/** Joins new bytes and ranges of the file, or of the Data Set `inflated` from it. */
async function compose<T extends InstanceBytes>(
  file: T,
  inflated: ByteSource | null,
  segments: readonly Segment[],
): Promise<T> {
  const parts = await Promise.all(
    segments.map(async (segment): Promise<InstanceBytes> => {
      if (segment instanceof Uint8Array) return new Uint8Array(segment);
      const { offset, length } = segment;
      // An inflated Data Set is in memory already; a file is only referred to.
      if (inflated !== null) return new Uint8Array(await inflated.read(offset, length));
      return file instanceof Blob
        ? file.slice(offset, offset + length)
        : file.subarray(offset, offset + length);
    }),
  );
  return (file instanceof Blob ? new Blob(parts) : joinBytes(parts as Uint8Array[])) as T;
}
