/**
 * De-identifies one instance by the Basic Profile of PS3.15 Annex E and the options of its rules. Nothing is decoded,
 * and the encoding of the original is kept. Pixel data and other long values stay byte ranges of the source, with
 * their fragments and offset tables; only bits and bytes that no image shows are cleared (`bytes/`).
 *
 * The result is a fixed point: de-identifying it again under the same rules and key changes nothing (`residue.ts`
 * relies on this). It promises nothing about the image itself: an instance that declares identifying text in its image
 * is quarantined, and any other declaration is believed.
 */
import {
  BOXES_LIMIT,
  claimedBoxes,
  formatBox,
  NOTHING_COVERED,
  type Box,
  type CoveredBoxes,
} from '../dicom/boxes.ts';
import type { InstanceIdentifiers, ParsedInstance } from '../dicom/data-set.ts';
import { tagName } from '../dicom/dictionary.ts';
import { encodeFileMeta, textValue } from '../dicom/encode.ts';
import type { TransferSyntaxUID } from '../dicom/uid.ts';
import { PIXEL_DATA } from '../dicom/tags.ts';
import { findElement } from '../dicom/values.ts';
import { heldFor, IRREGULARITIES, type Irregularity } from '../protocol/irregularities.ts';
import { isHeldForPixels } from '../protocol/reason-kinds.ts';
import type { ReasonCode } from '../protocol/reasons.ts';
import { clearBulk, type ClearedValues } from './bytes/clear-bulk.ts';
import { textsNamingCompanions, type NamingText } from './companions.ts';
import { deflateSegments } from './deflate-segments.ts';
import { asciiOf } from './element-text.ts';
import { LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED, methodMarkers, type Decided } from './method-markers.ts';
import { patientIdOf } from './patient-key.ts';
import { plannedLiteral, plannedPatient, type Plan, type PlannedElement } from './plan.ts';
import { planInstance } from './plan-instance.ts';
import type { Pseudonyms, ResolvedPseudonyms } from './pseudonyms.ts';
import type { TagAction } from './report.ts';
import { reasonToQuarantine } from './reason-to-quarantine.ts';
import { rewritePlan, rewrittenIdentifiers } from './rewrite-plan.ts';
import type { Replacements } from './rewrite-plan.ts';
import { claimedReleases, openIrregularities } from './released-oddities.ts';
import type { DeidRules } from './rules.ts';
import type { Segment } from './segments.ts';
import { createTextCleaner } from './text/clean-text.ts';
import type { NamedValue } from './text/named-value.ts';
import type { Known } from './text/hold-known-values.ts';

export type { Segment } from './segments.ts';
export type { DeidRules } from './rules.ts';

/**
 * What a person has reviewed and released. `pixels`, or one text: nothing in it names anybody. `form`: the instance is
 * odd, and the person sends it knowingly.
 */
export type Looked = 'pixels' | 'form' | NamingText;

/**
 * Knowledge from outside the instance. An instance may be held because of it, but what is sent does not depend on it
 * otherwise.
 */
export interface Beside {
  /**
   * `pixels` releases an instance that is held because of its pixels (`burned-in-annotation`, `undeclared-text`).
   * Texts release one that is held because of its companions (`named-by-companion`), if they are all the texts for
   * which it is held. `form` releases one that is held because it is odd (protocol/irregularities.ts).
   */
  readonly looked?: readonly Looked[];
  /** The values that all instances of the study name (companions.ts). */
  readonly companions?: readonly NamedValue[];
  /** Boxes that a person drew on the image. Their pixels are blank. */
  readonly covered?: CoveredBoxes;
}

export type DeidentifyOutcome =
  | {
      readonly kind: 'ready';
      /** Preamble of zeros, File Meta Information and Data Set. Byte ranges refer to `instance.dataSet`. */
      readonly segments: readonly Segment[];
      readonly identifiers: InstanceIdentifiers;
      readonly transferSyntaxUID: TransferSyntaxUID;
      readonly report: readonly TagAction[];
      /** The key of the patient (patient-key.ts). Digests of the originals are made with this patient's secret. */
      readonly patient: string;
      /** The pseudonym of the patient; null where the Patient ID was already a pseudonym. */
      readonly pseudonym: string | null;
    }
  | {
      readonly kind: 'quarantined' | 'refused';
      readonly because: ReasonCode;
      /** Only for `named-by-companion`: original texts, to be shown to the person who decides and to nobody else. */
      readonly texts?: readonly NamingText[];
    };

/** A plan whose pseudonyms are known. */
export interface ResolvedPlan {
  readonly elements: readonly PlannedElement[];
  readonly replacements: Replacements;
  readonly pseudonyms: ResolvedPseudonyms;
  readonly actions: readonly TagAction[];
  readonly patient: string;
  readonly known: Known;
  /** The Patient ID is already a pseudonym of ours. */
  readonly isOurs: boolean;
  readonly lacksIssuer: boolean;
  /** The boxes of the image that are blank. */
  readonly covered: readonly Box[];
  /** Oddities of the instance that a person released. */
  readonly released: readonly Irregularity[];
}

const BURNED_IN_ANNOTATION = 0x00280301;
const PATIENT_NAME = 0x00100010;
const PATIENT_ID = 0x00100020;

/**
 * Collects the pseudonyms needed, resolves them and rewrites the instance. Rejects if reading the source does
 * (deflated instances are read whole).
 */
export async function deidentifyInstance(
  instance: ParsedInstance,
  rules: DeidRules,
  pseudonyms: Pseudonyms,
  { looked = [], companions = [], covered = NOTHING_COVERED }: Beside = {},
): Promise<DeidentifyOutcome> {
  const because = reasonToQuarantine(instance, rules);
  const isReleased = looked.includes('pixels') && isHeldForPixels(because);
  if (because !== null && !isReleased) return { kind: 'quarantined', because };
  const released = looked.includes('form') ? heldFor(instance.warnings, 'deidentified') : [];
  const resolved = await resolvePlan(instance, rules, pseudonyms, { covered, released });
  if (resolved === null) return { kind: 'quarantined', because: 'too-much-to-deidentify' };
  const [odd] = openIrregularities(instance, resolved.released);
  if (odd !== undefined) return { kind: 'quarantined', because: odd };
  if (resolved.covered.length > BOXES_LIMIT) return { kind: 'quarantined', because: 'cannot-be-covered' };
  if (resolved.lacksIssuer && !resolved.isOurs) return { kind: 'quarantined', because: 'issuer-missing' };
  const texts = textsNamingCompanions({ instance, rules, ...resolved }, companions);
  if (texts === 'too-many') return { kind: 'quarantined', because: 'too-much-to-deidentify' };
  if (!haveBeenSeen(texts, looked)) return { kind: 'quarantined', because: 'named-by-companion', texts };
  const isCovered = covered.length > 0;
  const plan = isReleased || isCovered ? withoutBurnedIn(resolved, isCovered) : resolved;
  const cleared = await clearBulk(instance, plan.elements, plan.known);
  if (cleared === null) return { kind: 'quarantined', because: 'pixel-data-not-clearable' };
  const identifiers = rewrittenIdentifiers(instance, rules, plan.pseudonyms);
  const dataSet = rewritePlan(plan.elements, instance.encoding, plan.replacements, cleared);
  const { transferSyntaxUID } = instance;
  // PS3.15 E.1.1 no. 7: "the File Meta Information including the 128 byte preamble, if present, shall be
  // replaced".
  const segments = [
    encodeFileMeta(identifiers, transferSyntaxUID),
    ...(instance.encoding.deflated ? await deflateSegments(dataSet, instance.dataSet) : dataSet),
  ];
  const report = [...withReleased(plan.actions, texts), ...clearedActions(cleared)];
  const { patient } = plan;
  const pseudonym = plan.isOurs ? null : plan.pseudonyms.patient(patient);
  return { kind: 'ready', segments, identifiers, transferSyntaxUID, report, patient, pseudonym };
}

/** Whether a person has seen all these texts. A companion that arrived later may add a text that nobody has seen. */
function haveBeenSeen(texts: readonly NamingText[], looked: readonly Looked[]): boolean {
  const keyOf = ({ path, text }: NamingText): string => `${path} ${text}`;
  const seen = new Set(looked.flatMap((each) => (typeof each === 'string' ? [] : [keyOf(each)])));
  return texts.every((each) => seen.has(keyOf(each)));
}

/** Texts that a person released are kept, and the report marks them as released. */
function withReleased(actions: readonly TagAction[], texts: readonly NamingText[]): readonly TagAction[] {
  if (texts.length === 0) return actions;
  const released = new Set(texts.map(({ path }) => path));
  const before = new Map(actions.map((action) => [action.path, action]));
  return [
    ...actions.filter(({ path }) => !released.has(path)),
    ...texts.map(
      ({ path }): TagAction => ({ path, action: before.get(path)?.action ?? 'K', because: 'released' }),
    ),
  ];
}

const clearedActions = (cleared: ClearedValues): TagAction[] =>
  [...cleared.values()].map(({ path }) => ({ path, action: 'C', because: 'unseen-bytes' }));

/**
 * The plan of an instance with its markers and pseudonyms, in the order in which it is written. Null if the header
 * needs more pseudonyms or cleaning than any real one does.
 */
export async function resolvePlan(
  instance: ParsedInstance,
  rules: DeidRules,
  pseudonyms: Pseudonyms,
  { covered: drawn, released: releasedNow }: Decided = { covered: [], released: [] },
): Promise<ResolvedPlan | null> {
  const plan = planInstance(instance, rules);
  if (plan.known === null) return null;
  if (!rules.options.includes('retain-uids')) requestIdentifiers(plan, instance.identifiers);
  const { patient } = plan.requests;
  const resolved = await pseudonyms.resolve(plan.requests);
  const isOurs = resolved.patient(patient) === patientIdOf(patient);
  const covered = [...(isOurs ? boxesBefore(instance, drawn) : []), ...drawn];
  const releasedBefore = isOurs ? claimedReleases(instance.elements) : [];
  const released = IRREGULARITIES.filter(
    (each) => releasedNow.includes(each) || releasedBefore.includes(each),
  );
  const added = [...missingPatient(plan), ...methodMarkers(instance, rules, { covered, released })];
  // Dates that carry our marker were already moved, provided the Patient ID is ours too.
  const isMoved = isOurs && hasMovedDates(instance);
  const days = rules.dates === 'modified' && !isMoved ? await pseudonyms.dayOffset(patient) : 0;
  const replacements = { pseudonyms: resolved, days, text: createTextCleaner(plan.known, rules, days) };
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
    patient,
    known: plan.known,
    isOurs,
    lacksIssuer: plan.lacksIssuer,
    covered,
    released,
  };
}

/**
 * Boxes that were already blank in an instance that we de-identified before. Claims in other files are not believed,
 * because they prove nothing about the pixels.
 */
function boxesBefore({ elements }: ParsedInstance, drawn: readonly Box[]): readonly Box[] {
  const again = new Set(drawn.map(formatBox));
  return (claimedBoxes(elements) ?? []).filter((box) => !again.has(formatBox(box)));
}

function requestIdentifiers(
  { requests }: Plan,
  { studyInstanceUID, seriesInstanceUID, sopInstanceUID }: InstanceIdentifiers,
): void {
  for (const uid of [studyInstanceUID, seriesInstanceUID, sopInstanceUID]) requests.uids.add(uid);
}

function hasMovedDates({ elements }: ParsedInstance): boolean {
  const marker = findElement(elements, LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED);
  return marker !== null && asciiOf(marker) === 'MODIFIED';
}

/**
 * PS3.3 §C.7.6.1.1.7: "NO" says that the image does not "contain sufficient burned in annotation to identify
 * the patient".
 */
function withoutBurnedIn(plan: ResolvedPlan, isCovered: boolean): ResolvedPlan {
  const path = tagName(BURNED_IN_ANNOTATION);
  const said = plannedLiteral(null, BURNED_IN_ANNOTATION, 'CS', textValue('CS', 'NO'));
  const actions = plan.actions.filter((action) => action.path !== path);
  return {
    ...plan,
    elements: merge(plan.elements, [said]),
    actions: [
      ...actions,
      { path, action: 'D', because: isCovered ? 'covered' : 'released' },
      ...(isCovered ? [{ path: tagName(PIXEL_DATA), action: 'C', because: 'covered' } as const] : []),
    ],
  };
}

/** Name and ID for an instance that has none. Without them, a PACS would put all such instances under one patient. */
function missingPatient({ elements, requests: { patient } }: Plan): PlannedElement[] {
  const added: PlannedElement[] = [];
  if (!elements.some(({ tag }) => tag === PATIENT_NAME))
    added.push(plannedPatient(PATIENT_NAME, 'patient-name', patient));
  if (!elements.some(({ tag }) => tag === PATIENT_ID))
    added.push(plannedPatient(PATIENT_ID, 'patient-id', patient));
  return added;
}

/**
 * PS3.5 §7.1: "ordered by increasing Data Element Tag Number". An added element replaces one with the same
 * tag.
 */
function merge(elements: readonly PlannedElement[], added: readonly PlannedElement[]): PlannedElement[] {
  const merged: PlannedElement[] = [];
  const news = inOrder(added);
  let next = 0;
  for (const element of inOrder(elements)) {
    while (next < news.length && news[next]!.tag < element.tag) {
      merged.push(news[next]!);
      next += 1;
    }
    if (next === news.length || news[next]!.tag !== element.tag) merged.push(element);
  }
  return next === news.length ? merged : [...merged, ...news.slice(next)];
}

/** The elements in ascending order. Few files need sorting. */
function inOrder(elements: readonly PlannedElement[]): readonly PlannedElement[] {
  const isAscending = elements.every(({ tag }, at) => at === 0 || elements[at - 1]!.tag <= tag);
  return isAscending ? elements : elements.toSorted((a, b) => a.tag - b.tag);
}
