/**
 * What happens to one file on the device: it is read, the policy is applied, and a digest is made. The result is an
 * instance that may be queued or sent, or a reason why not. The same code runs in the page's workers and on the command
 * line.
 *
 * Pixel data is not decoded. The instance is made of new header bytes and ranges of the file, joined in memory up to a
 * few megabytes, above that in a composite Blob. Long, because it is the whole way of a file in its order.
 */
import { NOTHING_COVERED, type CoveredBoxes } from '../dicom/boxes.ts';
import type { DeidRules } from '../deid/rules.ts';
import type { HoldCause } from '../deid/hold-causes.ts';
import type { Pseudonyms } from '../deid/pseudonyms.ts';
import { deidentifyInstance, type Looked } from '../deid/deidentify-instance.ts';
import { identityOf, patientsIn } from '../deid/named-patients.ts';
import type { NamedPatient } from '../deid/patient-key.ts';
import { holdCausesWithin } from '../deid/reason-to-quarantine.ts';
import { mayShowFace } from '../deid/recognizable-features.ts';
import { burnedInText } from '../deid/undeclared-text.ts';
import { createReport, toWireReport, type TagAction } from '../deid/report.ts';
import { readSegments, segmentsSource, type Segment } from '../deid/segments.ts';
import { namedValuesOf, sourcesIn } from '../deid/text/header-values.ts';
import type { NamedValue } from '../deid/text/named-value.ts';
import { blobSource, bytesSource } from '../dicom/byte-source.ts';
import type { ByteSource, InstanceIdentifiers, ParsedInstance } from '../dicom/data-set.ts';
import { readDiscIndex, type DiscIndex } from '../dicom/dicomdir.ts';
import { describeInstance, type InstanceDescription } from '../dicom/describe-instance.ts';
import { missingFileMeta, readInstance } from '../dicom/part10.ts';
import { populationOf } from '../models/population.ts';
import type { WireReport } from '../protocol/deid-report.ts';
import type { DeviceTriage } from '../protocol/inference.ts';
import type { Described } from '../protocol/rule.ts';
import { heldFor, treatmentOf } from '../protocol/irregularities.ts';
import { isCutOrDamaged, isNotDicom } from '../protocol/reason-kinds.ts';
import type { WarningCode } from '../protocol/reasons.ts';
import type { VaultEntry } from '../protocol/vault.ts';
import { sha256OfBlob, sha256OfHeld } from '../transfer/digest.ts';
import { HELD_BYTES, type InstanceBytes } from '../transfer/instance-bytes.ts';
import type { PatientIdentity } from '../transfer/vault-entry.ts';
import type { Outgoing, PreparedInstance } from './outgoing.ts';
import { originalOf, type Original } from './original.ts';
import { applyOrder, type ChosenOrder } from './apply-order.ts';
import { readBegunInstance } from './begun-instance.ts';
import { coverFile, type Cover } from './cover-file.ts';
import { describeOne } from './describe-study.ts';
import { refusingUnreadable, type NotSent } from './refusing-unreadable.ts';
import type { SealIdentity } from './seal-identities.ts';
import { FILMS } from './plain-films.ts';

/** `identified`: the bytes stay unchanged. */
export type DevicePolicy =
  /** `strict`: odd instances are held (protocol/irregularities.ts). */
  | {
      readonly kind: 'identified';
      readonly strict?: boolean | undefined;
      /** The order that a person chose for the study. Its identifiers replace those of the file. */
      readonly order?: ChosenOrder | undefined;
    }
  | {
      readonly kind: 'deidentified';
      readonly rules: DeidRules;
      readonly pseudonyms: Pseudonyms;
      /** Absent if the policy does not feed a vault, or the site has none. */
      readonly sealIdentity?: SealIdentity | undefined;
    };

export interface IngestTerms {
  readonly policy: DevicePolicy;
  /** The file was found in a folder. A file there that is not DICOM is skipped instead of refused. */
  readonly inFolder: boolean;
  readonly looked?: readonly Looked[];
  /** For a Study Instance UID, the values by which the study's instances name somebody (deid/companions.ts). */
  readonly companions?: (studyInstanceUID: string) => readonly NamedValue[];
  /** Parts of the image that a person covers; absent: none. */
  readonly cover?: Cover | null;
}

export type IngestOutcome =
  | {
      readonly kind: 'ready';
      readonly instance: Outgoing<PreparedInstance>;
      readonly warnings: readonly WarningCode[];
      readonly report: readonly TagAction[];
      /** Triage of a plain film before a model has looked at it; null for anything else. */
      readonly triage: DeviceTriage | null;
      /** A person blanked parts of the image, so the pixels that are sent differ from those of the file. */
      readonly isCovered: boolean;
      readonly showsFace: Applied['showsFace'];
      /** The patient, sealed for the vault; null: there is no vault to feed. */
      readonly vault: VaultEntry | null;
      /** The description for the rules that choose destinations. */
      readonly described: Described;
      readonly original: Original;
    }
  | NotSent;

/** A file that stays where it is and whose SHA-256 is known. */
export type HashedFile = ByteSource & { readonly digest: string };
type AnyFile = InstanceBytes | HashedFile;
/** A file that stays where it is: the instance is either that file or bytes in memory. */
type Kept<T extends AnyFile> = T extends HashedFile ? T | Uint8Array<ArrayBuffer> : T;

/** What the file says about itself, for the screen before sending. */
export interface FileSummary {
  readonly kind: 'summary';
  readonly identifiers: InstanceIdentifiers;
  readonly description: InstanceDescription;
  /** The causes for which the file may be held. The policy in force decides whether it is (held-back.ts). */
  readonly held: readonly HoldCause[];
  readonly warnings: readonly WarningCode[];
  /** The patients that the file names, its own first. */
  readonly patients: readonly NamedPatient[];
  /**
   * The values of the header that name somebody. No other instance of the study may carry them unseen
   * (deid/companions.ts).
   */
  readonly named: readonly NamedValue[];
}

/** The file is the index of its disc: it is not sent, but it is not refused either. */
export interface IndexSummary {
  readonly kind: 'index';
  readonly index: DiscIndex;
}

/**
 * Reads the header, and for an odd instance the pixels too, or the index of a disc. `inFolder`: as in `IngestTerms`.
 */
export async function summariseFile(
  file: AnyFile,
  inFolder: boolean,
  policy: DevicePolicy['kind'],
  signal?: AbortSignal,
): Promise<FileSummary | IndexSummary | NotSent> {
  const source = sourceOf(file);
  const read = await readFile(source, inFolder, policy, signal);
  if (read.kind !== 'parsed') {
    const index = isOfIndex(read) ? await readDiscIndex(source, signal) : null;
    return index === null ? await withBegun(read, source, signal) : { kind: 'index', index };
  }
  const { instance } = read;
  const { identifiers, warnings } = instance;
  const summary = async (): Promise<FileSummary> => ({
    kind: 'summary',
    identifiers,
    description: describeInstance(instance),
    held: await holdCausesWithin(instance, signal),
    warnings,
    patients: patientsIn(instance),
    named: namedValuesOf(sourcesIn(instance)).values,
  });
  return refusingUnreadable(signal, summary);
}

async function withBegun(said: NotSent, source: ByteSource, signal?: AbortSignal): Promise<NotSent> {
  if (said.kind !== 'refused' || !isCutOrDamaged(said.because)) return said;
  const begun = await readBegunInstance(source, signal);
  return begun === null ? said : { ...said, begun };
}

/** Does everything for one file. Throws only the signal's reason; a file that cannot be read is refused. */
export async function ingestFile(
  file: InstanceBytes,
  terms: IngestTerms,
  signal?: AbortSignal,
): Promise<IngestOutcome> {
  const { policy } = terms;
  return refusingUnreadable(signal, async (): Promise<IngestOutcome> => {
    const isHeld = !(file instanceof Blob) || file.size > HELD_BYTES;
    const original = isHeld ? file : new Uint8Array(await file.arrayBuffer());
    const applied = await coverAndApply(original, terms, signal);
    if (applied.kind !== 'applied') return applied;
    const { identifiers, transferSyntaxUID, bytes, warnings, report, named } = applied;
    const { triage, isCovered, showsFace, described, original: said } = applied;
    const originalDigest =
      policy.kind === 'identified' || applied.patient === null
        ? null
        : await policy.pseudonyms.originalDigest(await digestOf(original, signal), applied.patient);
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
    const vault = named === null ? null : await sealedBy(policy, named);
    // Only this place sets the brand, because the policy was applied above.
    return {
      kind: 'ready',
      instance: instance as Outgoing<PreparedInstance>,
      warnings,
      report,
      triage,
      isCovered,
      showsFace,
      vault,
      described,
      original: said,
    };
  });
}

async function sealedBy(policy: DevicePolicy, { pseudonym, identity }: Named): Promise<VaultEntry | null> {
  if (policy.kind === 'identified' || policy.sealIdentity === undefined) return null;
  return policy.sealIdentity(pseudonym, identity);
}

/** The report of the actions for the gateway; null under `identified`, which changes nothing. */
export async function reportOf(
  policy: DevicePolicy,
  actions: readonly TagAction[],
): Promise<WireReport | null> {
  return policy.kind === 'identified' ? null : toWireReport(createReport(policy.rules.options, actions));
}

function digestOf(bytes: InstanceBytes, signal?: AbortSignal): Promise<string> {
  return bytes instanceof Blob ? sha256OfBlob(bytes, signal) : sha256OfHeld(bytes);
}

/** The patient behind a pseudonym. It is kept only in memory, and only if the policy feeds a vault. */
type Named = { readonly pseudonym: string; readonly identity: PatientIdentity };

/** An instance after the policy was applied, but before its digest is made. */
export interface Applied<T extends AnyFile = Blob> {
  readonly kind: 'applied';
  readonly identifiers: InstanceIdentifiers;
  readonly transferSyntaxUID: string;
  readonly bytes: T;
  readonly warnings: readonly WarningCode[];
  /** The action taken on each element; empty under `identified`. */
  readonly report: readonly TagAction[];
  /** The key of the instance's patient (deid/patient-key.ts); null under `identified`. */
  readonly patient: string | null;
  /** The patient, for a policy that feeds a vault; null: the policy does not, or the header already has a pseudonym. */
  readonly named: Named | null;
  /** Names were removed, but a face may still be recognisable (PS3.15 E.3.2). */
  readonly showsFace: boolean;
  /**
   * Images of this kind often have names in their pixels, and the instance does not say whether it does
   * (`undeclared-text.ts`).
   */
  readonly isUndeclared: boolean;
  /** Triage as in `IngestOutcome`. */
  readonly triage: DeviceTriage | null;
  readonly isCovered: boolean;
  readonly described: Described;
  readonly original: Original;
}

/**
 * Reads the file and applies the policy; only the header is loaded into memory. The same file gives the same
 * bytes.
 */
export function applyPolicy<T extends Blob | HashedFile>(
  file: T,
  terms: IngestTerms,
  signal?: AbortSignal,
): Promise<Applied<Kept<T> | Blob> | NotSent> {
  return refusingUnreadable(signal, () => coverAndApply(file, terms, signal));
}

/** Blanks the boxes that a person drew before doing anything else. */
async function coverAndApply<T extends AnyFile>(
  file: T,
  terms: IngestTerms,
  signal: AbortSignal | undefined,
): Promise<Applied<Kept<T> | Blob> | NotSent> {
  const { cover = null, policy } = terms;
  if (cover === null || cover.boxes.length === 0 || policy.kind === 'identified')
    return applyTo(file, terms, NOTHING_COVERED, signal);
  const covered = await coverFile(sourceOf(file), cover, signal);
  return covered.kind === 'covered' ? applyTo(covered.file, terms, covered.boxes, signal) : covered;
}

export function sourceOf(file: AnyFile): ByteSource {
  if (file instanceof Blob) return blobSource(file);
  return file instanceof Uint8Array ? bytesSource(file) : file;
}

/** Applies the policy. A file that is held in memory stays in memory. */
async function applyTo<T extends AnyFile>(
  file: T,
  { policy, inFolder, looked = [], companions = () => [] }: IngestTerms,
  covered: CoveredBoxes,
  signal: AbortSignal | undefined,
): Promise<Applied<Kept<T>> | NotSent> {
  const source = sourceOf(file);
  const read = await readFile(source, inFolder, policy.kind, signal);
  if (read.kind !== 'parsed') return read;
  const { instance } = read;
  return refusingUnreadable(signal, async (): Promise<Applied<Kept<T>> | NotSent> => {
    const common = { ...commonOf(instance, policy), isCovered: covered.length > 0 };
    if (policy.kind === 'identified') {
      const [odd] = heldFor(instance.warnings, treatmentOf({ deidentify: false, strict: policy.strict }));
      if (odd !== undefined) return { kind: 'quarantined', because: odd };
      const { identifiers, transferSyntaxUID } = instance;
      const ordered = policy.order === undefined ? null : await applyOrder(instance, policy.order);
      if (ordered?.kind === 'refused') return ordered;
      const bytes =
        ordered === null
          ? await withFileMeta(file, source, instance)
          : await compose(file, instance.dataSet, ordered.segments, instance.dataSet === source);
      return {
        ...common,
        identifiers,
        transferSyntaxUID,
        bytes,
        report: [],
        showsFace: false,
        isUndeclared: false,
        patient: null,
        named: null,
      };
    }
    const changed = await deidentifyInstance(instance, policy.rules, policy.pseudonyms, {
      looked,
      companions: companions(instance.identifiers.studyInstanceUID),
      covered,
    });
    if (changed.kind !== 'ready') return changed;
    const { identifiers, transferSyntaxUID, segments, report, patient, pseudonym } = changed;
    const isSealed = pseudonym !== null && policy.sealIdentity !== undefined;
    const named = isSealed ? { pseudonym, identity: identityOf(instance) } : null;
    const bytes = await compose(file, instance.dataSet, segments, instance.dataSet === source);
    const showsFace = mayShowFace(describeInstance(instance));
    const isUndeclared = burnedInText(instance) === 'unsaid';
    return {
      ...common,
      identifiers,
      transferSyntaxUID,
      bytes,
      report,
      showsFace,
      isUndeclared,
      patient,
      named,
    };
  });
}

/** The parts of the result that are the same under every policy. */
function commonOf(
  instance: ParsedInstance,
  { kind }: DevicePolicy,
): Pick<Applied, 'kind' | 'warnings' | 'triage' | 'described' | 'original'> {
  const description = describeInstance(instance);
  const { modality } = description;
  return {
    kind: 'applied',
    warnings: instance.warnings,
    // The original header decides, because the de-identified one may lack the age.
    triage: modality !== null && FILMS.has(modality) ? notLookedAt(populationOf(instance)) : null,
    described: describeOne(description, kind !== 'identified'),
    original: originalOf(instance, description),
  };
}

/** The file unchanged, except that File Meta Information is added if it is missing. */
async function withFileMeta<T extends AnyFile>(
  file: T,
  source: ByteSource,
  instance: ParsedInstance,
): Promise<Kept<T>> {
  const meta = missingFileMeta(instance);
  if (meta === null) return file as Kept<T>;
  const { dataSetOffset: offset } = instance;
  return compose(file, source, [meta, { offset, length: source.size - offset }], true);
}

const notLookedAt = (population: DeviceTriage['population']): DeviceTriage => ({
  models: [],
  runtime: 'none',
  population,
  score: null,
  first: false,
  film: [],
});

/**
 * Whether the file is the index of a disc. An index belongs to its disc, so it is never sent, and that is not a fault.
 */
export function isOfIndex(said: NotSent): boolean {
  return said.kind === 'skipped' && said.because === 'sop-class-not-storage';
}

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
    if (inFolder && isNotDicom(outcome.because)) return { kind: 'skipped', because: outcome.because };
    if (!isNotDicom(outcome.because) && (await readDiscIndex(source, signal)) !== null)
      return { kind: 'skipped', because: 'sop-class-not-storage' };
    return outcome;
  });
}

/**
 * Joins the segments of an instance that was read from `source`: the file, or the Data Set inflated from it. Unchanged
 * parts of a file are only referred to; new parts become Blobs piece by piece, which the browser may keep on its disk.
 */
async function compose<T extends AnyFile>(
  file: T,
  source: ByteSource,
  segments: readonly Segment[],
  isInFile: boolean,
): Promise<Kept<T>> {
  if (!(file instanceof Blob)) {
    const { size, read } = segmentsSource(segments, source);
    return (await read(0, size)) as Kept<T>;
  }
  const parts: Blob[] = [];
  for (const segment of segments) {
    if (isInFile && 'offset' in segment)
      parts.push(file.slice(segment.offset, segment.offset + segment.length));
    else for await (const piece of readSegments([segment], source)) parts.push(new Blob([piece]));
  }
  return new Blob(parts) as Kept<T>;
}
