/**
 * De-identifies one instance by the Basic Profile of PS3.15 Annex E and the options of its rules. Header
 * only: pixel data and other long values stay byte ranges of the source, bit for bit, with their fragments
 * and offset tables; the encoding of the original is kept.
 *
 * The result is a fixed point: de-identified again under the same rules and key it comes out unchanged
 * (`residue.ts` relies on it). It promises nothing about the pixels: an instance that declares identifying
 * text in them is quarantined, any other is believed.
 */
import type { InstanceIdentifiers, ParsedInstance } from '../dicom/data-set.ts';
import { tagName } from '../dicom/dictionary.ts';
import { encodeFileMeta, textValue } from '../dicom/encode.ts';
import type { TransferSyntaxUID } from '../dicom/uid.ts';
import { findElement } from '../dicom/values.ts';
import type { ReasonCode } from '../protocol/reasons.ts';
import { OPAQUE_SOP_CLASSES } from './attribute-lists.ts';
import type { Segment } from './data-set-writer.ts';
import { deflateSegments } from './deflate-segments.ts';
import { asciiOf } from './element-text.ts';
import { LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED, methodMarkers } from './method-markers.ts';
import { plannedLiteral, plannedPatient, type Plan, type PlannedElement } from './plan.ts';
import { planInstance } from './plan-instance.ts';
import type { Pseudonyms, ResolvedPseudonyms } from './pseudonyms.ts';
import type { TagAction } from './report.ts';
import { rewritePlan, rewrittenIdentifiers } from './rewrite-plan.ts';
import type { Replacements } from './rewrite-plan.ts';
import type { DeidRules } from './rules.ts';
import { createTextCleaner } from './text/clean-text.ts';
import { collectKnownValues } from './text/known-values.ts';

export type { Segment } from './data-set-writer.ts';
export type { DeidRules } from './rules.ts';

export type DeidentifyOutcome =
  | {
      readonly kind: 'ready';
      /** Preamble of zeros, File Meta Information and Data Set; ranges are of `instance.dataSet`. */
      readonly segments: readonly Segment[];
      readonly identifiers: InstanceIdentifiers;
      readonly transferSyntaxUID: TransferSyntaxUID;
      readonly report: readonly TagAction[];
    }
  | { readonly kind: 'quarantined' | 'refused'; readonly because: ReasonCode };

/** A plan whose pseudonyms are known. */
export interface ResolvedPlan {
  readonly elements: readonly PlannedElement[];
  readonly replacements: Replacements;
  readonly pseudonyms: ResolvedPseudonyms;
  readonly actions: readonly TagAction[];
}

const BURNED_IN_ANNOTATION = 0x00280301;
const ENCAPSULATED_DOCUMENT = 0x00420011;
const WAVEFORM_ANNOTATION_SEQUENCE = 0x0040b020;
const UNFORMATTED_TEXT_VALUE = 0x00700006;
const PATIENT_NAME = 0x00100010;
const PATIENT_ID = 0x00100020;

/**
 * Collect, resolve, rewrite. Rejects only where reading the source does (deflated instances are read whole).
 * `released`: a person looked at the pixels and found that nothing in them names anybody; it opens what is
 * held as `burned-in-annotation` and nothing else.
 */
export async function deidentifyInstance(
  instance: ParsedInstance,
  rules: DeidRules,
  pseudonyms: Pseudonyms,
  released = false,
): Promise<DeidentifyOutcome> {
  const because = reasonToQuarantine(instance, rules);
  const isReleased = released && because === 'burned-in-annotation';
  if (because !== null && !isReleased) return { kind: 'quarantined', because };
  const resolved = await resolvePlan(instance, rules, pseudonyms);
  if (resolved === null) return { kind: 'quarantined', because: 'too-much-to-deidentify' };
  const plan = isReleased ? withoutBurnedIn(resolved) : resolved;
  const identifiers = rewrittenIdentifiers(instance, rules, plan.pseudonyms);
  const dataSet = rewritePlan(plan.elements, instance.encoding, plan.replacements);
  const { transferSyntaxUID } = instance;
  // PS3.15 E.1.1 no. 7: "the File Meta Information including the 128 byte preamble, if present, shall be
  // replaced".
  const segments = [
    encodeFileMeta(identifiers, transferSyntaxUID),
    ...(instance.encoding.deflated ? await deflateSegments(dataSet, instance.dataSet) : dataSet),
  ];
  return { kind: 'ready', segments, identifiers, transferSyntaxUID, report: plan.actions };
}

/** The exceptions that a policy may make. */
type Exceptions = Pick<DeidRules, 'keepsDocuments' | 'cleansWaveformAnnotations'>;
const NO_EXCEPTIONS: Exceptions = { keepsDocuments: false, cleansWaveformAnnotations: false };

/** The reason why no rule for attributes makes the instance safe, so that a person must decide; or null. */
export function reasonToQuarantine(
  instance: ParsedInstance,
  rules: Exceptions = NO_EXCEPTIONS,
): ReasonCode | null {
  const document = findElement(instance.elements, ENCAPSULATED_DOCUMENT);
  const isOpaque = OPAQUE_SOP_CLASSES.some((root) => instance.identifiers.sopClassUID.startsWith(root));
  // First what nobody can release: looking at the pixels does not help a document.
  if (!rules.keepsDocuments && (isOpaque || (document !== null && document.valueLength > 0)))
    return 'cannot-be-deidentified';
  if (!rules.cleansWaveformAnnotations && hasWrittenAnnotation(instance)) return 'cannot-be-deidentified';
  const burnedIn = findElement(instance.elements, BURNED_IN_ANNOTATION);
  return burnedIn && asciiOf(burnedIn).toUpperCase() === 'YES' ? 'burned-in-annotation' : null;
}

/**
 * PS3.3 §C.10.10: Unformatted Text Value in Waveform Annotation Sequence, a note by a device or a person next
 * to the curve.
 */
function hasWrittenAnnotation({ elements }: ParsedInstance): boolean {
  const annotations = findElement(elements, WAVEFORM_ANNOTATION_SEQUENCE)?.items ?? [];
  return annotations.some(
    (item) => (findElement(item.elements, UNFORMATTED_TEXT_VALUE)?.valueLength ?? 0) > 0,
  );
}

/**
 * The plan of an instance with its markers and pseudonyms, in the order in which it is written. Null where the
 * header asks for more than any real one does.
 */
export async function resolvePlan(
  instance: ParsedInstance,
  rules: DeidRules,
  pseudonyms: Pseudonyms,
): Promise<ResolvedPlan | null> {
  const plan = planInstance(instance, rules);
  if (plan.isTooMuch) return null;
  if (!rules.options.includes('retain-uids')) requestIdentifiers(plan, instance.identifiers);
  const markers = methodMarkers(instance.elements, rules, instance.encoding);
  const added = [...missingPatient(plan), ...markers];
  const resolved = await pseudonyms.resolve(plan.requests);
  const days = rules.dates === 'modified' ? daysOf(instance, plan, resolved) : 0;
  const known = rules.cleansText ? collectKnownValues(instance, rules) : null;
  const replacements = { pseudonyms: resolved, days, text: createTextCleaner(known, rules, days) };
  const noted = added.map(
    ({ tag, how }): TagAction => ({
      path: tagName(tag),
      action: 'added',
      because: how === 'literal' ? 'marker' : 'pseudonym',
    }),
  );
  return {
    elements: merge(plan.elements, added),
    replacements,
    pseudonyms: resolved,
    actions: [...plan.actions, ...noted],
  };
}

function requestIdentifiers(
  { requests }: Plan,
  { studyInstanceUID, seriesInstanceUID, sopInstanceUID }: InstanceIdentifiers,
): void {
  for (const uid of [studyInstanceUID, seriesInstanceUID, sopInstanceUID]) requests.uids.add(uid);
}

/** Dates that carry our marker were already moved if the Patient ID is also ours. */
function daysOf(instance: ParsedInstance, { patientKey }: Plan, pseudonyms: ResolvedPseudonyms): number {
  const marker = findElement(instance.elements, LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED);
  const wasMoved =
    marker !== null && asciiOf(marker) === 'MODIFIED' && pseudonyms.identifier(patientKey) === patientKey;
  return wasMoved ? 0 : pseudonyms.dayOffset(patientKey);
}

/**
 * PS3.3 §C.7.6.1.1.7: "NO" says that the image does not "contain sufficient burned in annotation to identify
 * the patient".
 */
function withoutBurnedIn(plan: ResolvedPlan): ResolvedPlan {
  const path = tagName(BURNED_IN_ANNOTATION);
  const said = plannedLiteral(null, BURNED_IN_ANNOTATION, 'CS', textValue('CS', 'NO'));
  const actions = plan.actions.filter((action) => action.path !== path);
  return {
    ...plan,
    elements: merge(plan.elements, [said]),
    actions: [...actions, { path, action: 'D', because: 'released' }],
  };
}

/** Name and ID for an instance that has none: a PACS would put all such instances under one patient. */
function missingPatient({ elements, patientKey }: Plan): PlannedElement[] {
  const added: PlannedElement[] = [];
  if (!elements.some(({ tag }) => tag === PATIENT_NAME))
    added.push(plannedPatient(PATIENT_NAME, 'patient-name', patientKey));
  if (!elements.some(({ tag }) => tag === PATIENT_ID))
    added.push(plannedPatient(PATIENT_ID, 'patient-id', patientKey));
  return added;
}

/**
 * PS3.5 §7.1: "ordered by increasing Data Element Tag Number". An added element replaces one with the same
 * tag.
 */
function merge(elements: readonly PlannedElement[], added: readonly PlannedElement[]): PlannedElement[] {
  const replaced = new Set(added.map(({ tag }) => tag));
  return [...elements.filter(({ tag }) => !replaced.has(tag)), ...added].sort((a, b) => a.tag - b.tag);
}
