/**
 * One row of the list: a study on this device, or one that this account sent from elsewhere, as the gateway reports it.
 * Both have the same track. Pure.
 */
import type { SentStudy } from '#shared/protocol/studies.ts';
import { countWithheld } from '#shared/protocol/withheld.ts';
import { formatMoment } from '../kit/format.ts';
import { namesHidden, nameSaid } from '../kit/identities.ts';
import type { LinkNow } from '../net/link.ts';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { titleWords } from '../pipeline/queue/title-words.ts';
import { withoutRepeated } from '../pipeline/queue/without-repeated.ts';
import { nameOf, partsOf, personLines } from '../pipeline/queue/study-title.ts';
import { partOf, trackOf, type QueuePart } from '../pipeline/queue/track-of.ts';
import type { TrackState } from '../pipeline/queue/track-state.ts';
import { modalitiesOf } from '#shared/dicom/modalities-of.ts';
import type { Whole, Wholes } from './count-sends.ts';
import type { ToldStudy } from './sent-studies.store.ts';
import { withheldNow } from './withheld-now.ts';

export interface DayEntry {
  /** The device's id for the study. For a study that is not on this device, its Study Instance UID. */
  readonly key: string;
  /** Null: the study is not on this device. */
  readonly study: QueuedStudy | null;
  /** What the gateway reports about the study; null: not requested or not answered yet. */
  readonly sent: ToldStudy | null;
  /** The patient's name, the local label, or what is left of it. */
  readonly name: string;
  /** Patient ID and birth date, which tell apart two patients with the same name. Empty if erased or not requested. */
  readonly person: readonly string[];
  readonly modalities: readonly string[];
  /** When the study was sent, or queued while that is unknown. In milliseconds since 1970. */
  readonly at: number;
  /**
   * When the gateway began to receive the study, or when its first byte left this device if the gateway has not said;
   * null: not yet.
   */
  readonly sentAt: number | null;
  readonly part: QueuePart;
  readonly track: TrackState;
  readonly studyInstanceUID: string | null;
  /** A receipt exists, here or at the gateway, and confirms that something is in the PACS. */
  readonly hasReceipt: boolean;
  /** `elsewhere`: sent from another device; `gone`: sent from this device, which no longer has it. */
  readonly place: 'here' | 'elsewhere' | 'gone';
  /** Destinations that must have the study but were given up without receiving all of it. */
  readonly givenUpAt: readonly string[];
  /** A person removed it from the list. */
  readonly removed: boolean;
  /** Date and description of another person's study, as the PACS has them. */
  readonly about: readonly string[];
  /** The search texts for which the PACS returned this study. Empty while names are hidden. */
  readonly foundBy: readonly string[];
  /** Each account that sent the study, and whether it kept names. Reported only to people who watch the site. */
  readonly senders: readonly Sender[];
  /** If the study was sent in several sends, each send that is in the list. */
  readonly sends?: readonly DayEntry[];
  /** The counts of all sends together. Missing: `track` covers the whole study, or the sends are not counted. */
  readonly whole?: Whole;
}

/** Another person's study: this person sees where it is, but has nothing to decide about it. */
export const isWatched = ({ study, senders }: Pick<DayEntry, 'study' | 'senders'>): boolean =>
  study === null && senders.length > 0;

/** Whether any upload sent the study with the patient's name, as far as this device knows. */
export const keepsNames = ({ study, sent, senders }: Pick<DayEntry, 'study' | 'sent' | 'senders'>): boolean =>
  study?.policy.deidentify === false ||
  senders.some(({ keptNames }) => keptNames) ||
  (sent?.uploads ?? []).some(({ keptNames }) => keptNames === true);

type Sender = NonNullable<SentStudy['uploads'][number]['sender']>;

export interface EntryFacts {
  readonly studies: readonly QueuedStudy[];
  readonly sent: readonly ToldStudy[];
  readonly link: LinkNow;
  /** The gateway's id for this device and account; null: it has none yet. */
  readonly device: string | null;
  /** The counts of studies that were sent from here in several sends. */
  readonly wholes?: Wholes;
}

/**
 * Builds the entries whenever a fact has changed. Each study appears once, and what this device knows of it takes
 * precedence. An unchanged study keeps its entry object, and with it the drawn row and the text used by the search. If
 * nothing changed, the previous list itself is returned. `now` is a parameter because a row omits the date of what was
 * sent today.
 */
export function createEntries(): (facts: EntryFacts, now: Date) => readonly DayEntry[] {
  let frame = '';
  let entries: readonly DayEntry[] = [];
  return (facts, now) => {
    const { link, device } = facts;
    const frameNow = JSON.stringify([link, device, namesHidden.value, now.toDateString()]);
    const kept = new Map(frame === frameNow ? entries.map((entry) => [entry.key, entry] as const) : []);
    const next = joinEntries(facts, kept, now);
    const isAsBefore = next.length === entries.length && next.every((entry, nth) => entry === entries[nth]);
    frame = frameNow;
    entries = isAsBefore ? entries : next;
    return entries;
  };
}

/** `kept`: earlier entries by key, made for the same link, device, day and hiding of names. */
function joinEntries(
  { studies, sent, link, device, wholes }: EntryFacts,
  kept: ReadonlyMap<string, DayEntry>,
  now: Date,
): readonly DayEntry[] {
  const told = new Map(sent.map((study) => [study.studyInstanceUID, study]));
  const keptOr = (key: string, study: DayEntry['study'], own: DayEntry['sent'], make: () => DayEntry) => {
    const before = kept.get(key);
    return before && isSame(before.study, study) && isSame(before.sent, own) ? before : make();
  };
  const standing = new Set(withoutRepeated(studies));
  const shown = studies.filter((study) => standing.has(study) || isPart(study, studies, wholes));
  const here = shown.map((study) => {
    const own = told.get(study.studyInstanceUID ?? '') ?? null;
    return keptOr(study.id, study, own, () => entryHere(study, own, link, now));
  });
  const known = new Set(studies.map(({ studyInstanceUID }) => studyInstanceUID));
  const others = sent.filter(({ studyInstanceUID }) => !known.has(studyInstanceUID));
  return [
    ...here,
    ...others.map((study) =>
      keptOr(study.studyInstanceUID, null, study, () => entryElsewhere(study, device, now)),
    ),
  ];
}

/** Whether no single send contains the whole study, so that a later send does not replace this one. */
function isPart(study: QueuedStudy, studies: readonly QueuedStudy[], wholes: Wholes = new Map()): boolean {
  const { studyInstanceUID: uid, state } = study;
  const whole = wholes.get(uid ?? '');
  if (whole === undefined || state === 'taken-back') return false;
  return !studies.some(
    (other) =>
      other.studyInstanceUID === uid && other.state !== 'taken-back' && other.instances >= whole.total,
  );
}

/** Compares plain data, because the database and the gateway return new objects with equal values. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const own = a as Readonly<Record<string, unknown>>;
  const others = b as Readonly<Record<string, unknown>>;
  for (const name in others) if (!(name in own)) return false;
  for (const name in own) if (!(name in others) || !isSame(own[name], others[name])) return false;
  return true;
}

/** The name of a study whose patient is unknown. The time of sending tells such rows apart. */
function nameByTime(modalities: readonly string[], at: number, now: Date): string {
  return titleWords.nameByTime(titleWords.erasedName(modalities), formatMoment(new Date(at), now));
}

function entryHere(study: QueuedStudy, sent: ToldStudy | null, link: LinkNow, now: Date): DayEntry {
  const { title } = study;
  const modalities = title?.modalities ?? study.about.modalities;
  // The gateway is not polled constantly, but the device itself knows that a byte has left.
  const sentAt = toldSentAt(study, sent) ?? study.sentAt;
  const at = sentAt ?? study.queuedAt;
  return {
    key: study.id,
    study,
    sent,
    name: study.title || study.label !== null ? nameOf(study) : nameByTime(modalities, at, now),
    person: personLines(title?.patientId, title?.patientBirthDate),
    modalities,
    at,
    sentAt,
    part: partOf(study),
    track: trackOf(study, link),
    studyInstanceUID: study.studyInstanceUID,
    hasReceipt: study.track.inPacs > 0 && (study.receiptId !== null || isProvenElsewhere(study, sent)),
    place: 'here',
    givenUpAt: study.givenUpAt,
    removed: study.removed,
    about: [],
    foundBy: foundByOf(sent),
    senders: sendersOf(sent),
  };
}

const hasReceiptThere = ({ uploads }: SentStudy): boolean =>
  uploads.some(({ receipt, counts }) => receipt !== null && counts.inPacs > 0);

/** The study was cancelled here, but reached the PACS all the same. */
const isProvenElsewhere = ({ state }: QueuedStudy, sent: SentStudy | null): boolean =>
  state === 'taken-back' && sent !== null && hasReceiptThere(sent);

/** When the gateway began to receive the study. An upload from before it was queued here does not count. */
export function toldSentAt({ queuedAt }: QueuedStudy, sent: SentStudy | null): number | null {
  const all = sent === null ? [] : [sent.firstSentAt, sent.lastSentAt].map((at) => Date.parse(at));
  return all.find((at) => at >= queuedAt) ?? null;
}

export function entryElsewhere(sent: ToldStudy, device: string | null, now: Date): DayEntry {
  const { patient } = sent;
  const modalities = modalitiesOf(sent.sopClassUIDs);
  const at = Date.parse(sent.firstSentAt);
  const isOwn = device !== null && sent.uploads.every((upload) => upload.device === device);
  // A pseudonym is both.
  const patientId = patient?.patientId === patient?.patientName ? undefined : patient?.patientId;
  return {
    key: sent.studyInstanceUID,
    study: null,
    sent,
    name: nameSaid(patient?.patientName) ?? nameByTime(modalities, at, now),
    person: personLines(patientId ?? undefined, patient?.birthDate ?? undefined),
    modalities,
    at,
    sentAt: at,
    part: partOfSent(sent),
    track: trackOfSent(sent),
    studyInstanceUID: sent.studyInstanceUID,
    hasReceipt: hasReceiptThere(sent),
    place: isOwn ? 'gone' : 'elsewhere',
    givenUpAt: givenUpOf(sent),
    removed: false,
    about: aboutOf(patient),
    foundBy: foundByOf(sent),
    senders: sendersOf(sent),
  };
}

const foundByOf = (sent: ToldStudy | null): readonly string[] =>
  namesHidden.value ? [] : (sent?.foundBy ?? []);

function aboutOf(patient: ToldStudy['patient']): readonly string[] {
  if (patient === undefined) return [];
  const { studyDate, description } = patient;
  return partsOf({
    studyDate: studyDate ?? '',
    description: description ?? '',
    modalities: [],
    bodyParts: [],
  });
}

function givenUpOf(sent: SentStudy): readonly string[] {
  const [newest] = sent.uploads;
  const counts = sent.counts ?? newest?.counts ?? NOTHING;
  const decided = decidedFirstOnly(counts, sent);
  const inFirst = counts.inPacs + decided;
  return (newest?.destinations ?? [])
    .filter(({ need, givenUp, inPacs }) => {
      const isMissing = need === 'required' && inPacs < inFirst;
      return isMissing && (givenUp || decided > 0);
    })
    .map(({ name }) => name);
}

/** Left-out instances that the first PACS has, because somebody decided that another PACS need not have them. */
const decidedFirstOnly = (
  { firstOnly = 0, leftOut }: SentStudy['uploads'][number]['counts'],
  { standing }: Pick<SentStudy, 'standing'>,
): number => (standing === 'ended' ? Math.min(firstOnly, leftOut) : 0);

function sendersOf(sent: SentStudy | null): readonly Sender[] {
  const told = sent?.uploads.flatMap(({ sender }) => sender ?? []) ?? [];
  return [...Map.groupBy(told, ({ username }) => username)].map(([username, own]) => ({
    username,
    keptNames: own.some(({ keptNames }) => keptNames),
  }));
}

/** Whether a person cancelled the study's newest upload and part of it was left out. */
export const wasCancelled = ({ uploads: [newest] }: Pick<SentStudy, 'uploads'>): boolean =>
  newest?.cancelled === true && newest.counts.leftOut > 0;

function partOfSent(sent: SentStudy): QueuePart {
  const { standing, uploads } = sent;
  if (standing !== 'ended') return standing;
  if (wasCancelled(sent)) return 'taken-back';
  if (!uploads.every(({ counts }) => counts.promised > 0 && counts.inPacs === 0)) return 'arrived';
  return uploads.some(({ counts }) => counts.leftOut + counts.refused > 0) ? 'left-out' : 'taken-back';
}

/**
 * The track over all uploads together, or of the newest upload only if that was cancelled, because a study sent twice
 * is not twice as large. A receipt means that the gateway is done with what an upload brought; the study's state does
 * not, because it also covers results stored beside it. An instance that the first PACS has and another PACS need not
 * have counts as in the PACS. Instances that the newest sender holds back wait for a decision, unless that upload was
 * cancelled. Refused instances wait too, unless nobody is asked about them; the study has then ended.
 */
export function trackOfSent(sent: SentStudy): TrackState {
  const { uploads, counts: whole, standing } = sent;
  const [newest] = uploads;
  const isOne = newest?.cancelled === true || whole === undefined;
  const shown = isOne ? uploads.slice(0, 1) : uploads.filter(({ cancelled }) => cancelled === undefined);
  const told = (shown.length > 1 ? whole : newest?.counts) ?? NOTHING;
  const inFirst = givenUpOf(sent).length > 0 ? decidedFirstOnly(told, sent) : 0;
  const counts = { ...told, inPacs: told.inPacs + inFirst, leftOut: told.leftOut - inFirst };
  const isOpen = ({ receipt, counts: { quarantined, refused } }: SentStudy['uploads'][number]): boolean =>
    receipt !== null && (quarantined > 0 || (refused > 0 && standing === 'needs-you'));
  const isHeld = shown.some(isOpen);
  const causes = withheldNow({ uploads });
  const heldBack = newest?.cancelled ? 0 : (causes.held ?? 0);
  const needsYou = heldBack + (isHeld ? counts.refused + counts.quarantined : 0);
  const atGateway = counts.atGateway + (isHeld ? 0 : counts.quarantined);
  const notTaken = isHeld ? 0 : counts.refused;
  const known = atGateway + counts.inPacs + (needsYou - heldBack) + counts.leftOut + notTaken;
  const withheld = countWithheld(causes);
  const waiting = shown.find((one) => one.waiting !== null)?.waiting;
  return {
    total: counts.promised + withheld,
    onDevice: Math.max(0, counts.promised - known),
    onItsWay: 0,
    atGateway,
    inPacs: counts.inPacs,
    needsYou,
    leftOut: counts.leftOut + notTaken + withheld - heldBack,
    waitingFor: waiting?.because ?? null,
    waitsFor: waiting?.destinations,
  };
}

const NOTHING = { promised: 0, atGateway: 0, inPacs: 0, refused: 0, quarantined: 0, leftOut: 0 };
