/**
 * One row of the day's list: a study on this device, or one that this account sent from elsewhere, which the
 * gateway tells of. Both have the same track. Pure.
 */
import type { SentStudy } from '#shared/protocol/studies.ts';
import { formatDicomDate } from '../kit/format.ts';
import type { Link } from '../net/link.ts';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { titleWords } from '../pipeline/queue/title-words.ts';
import { nameOf } from '../pipeline/queue/study-title.ts';
import { partOf, trackOf, type QueuePart } from '../pipeline/queue/track-of.ts';
import type { TrackState } from '../pipeline/queue/track-state.ts';
import { modalitiesOf } from '#shared/dicom/modalities-of.ts';

export interface DayEntry {
  /** The device's id for it; for a study that is not here its Study Instance UID. */
  readonly key: string;
  /** null: not on this device. */
  readonly study: QueuedStudy | null;
  /** The gateway's account of it; null: not asked, or not told yet. */
  readonly sent: SentStudy | null;
  /** The patient, the local label, or what is left. */
  readonly name: string;
  /** ID and birth date, which tell two patients of one name apart. Empty once erased. */
  readonly person: readonly string[];
  readonly modalities: readonly string[];
  /** When it was queued or first sent, in milliseconds since 1970. */
  readonly at: number;
  readonly part: QueuePart;
  readonly track: TrackState;
  readonly studyInstanceUID: string | null;
  /** There is a receipt: here, at the gateway, or both. */
  readonly hasReceipt: boolean;
  /** `elsewhere`: sent from another device; `gone`: from this one, which no longer has it. */
  readonly place: 'here' | 'elsewhere' | 'gone';
  /** A person removed it from the list. */
  readonly removed: boolean;
  /** The accounts that sent it, each once, and whether they kept names; told only to those who watch the site. */
  readonly senders: readonly Sender[];
}

/** Of somebody else: this person sees where it is, and has nothing to decide about it. */
export const isWatched = ({ study, senders }: Pick<DayEntry, 'study' | 'senders'>): boolean =>
  study === null && senders.length > 0;

export type Sender = NonNullable<SentStudy['uploads'][number]['sender']>;

export interface EntryFacts {
  readonly studies: readonly QueuedStudy[];
  readonly sent: readonly SentStudy[];
  readonly link: Link;
  /** The gateway's name for this device and account; null: it has none yet. */
  readonly device: string | null;
}

/**
 * Makes the entries whenever a fact has changed: every study once, and what this device knows of it counts. A
 * study of which nothing changed keeps its entry, and with it the drawn row and the text that a search reads; if
 * nothing changed at all, the list itself is the one of before. `now` is an input because a row leaves out the
 * date of what was sent today.
 */
export function createEntries(): (facts: EntryFacts, now: Date) => readonly DayEntry[] {
  let frame = '';
  let entries: readonly DayEntry[] = [];
  return (facts, now) => {
    const frameNow = JSON.stringify([facts.link, facts.device, now.toDateString()]);
    const kept = new Map(frame === frameNow ? entries.map((entry) => [entry.key, entry] as const) : []);
    const next = joinEntries(facts, kept);
    const isAsBefore = next.length === entries.length && next.every((entry, nth) => entry === entries[nth]);
    frame = frameNow;
    entries = isAsBefore ? entries : next;
    return entries;
  };
}

/** `kept`: entries of the same link, device and day, by their keys. */
function joinEntries(
  { studies, sent, link, device }: EntryFacts,
  kept: ReadonlyMap<string, DayEntry>,
): readonly DayEntry[] {
  const told = new Map(sent.map((study) => [study.studyInstanceUID, study]));
  const keptOr = (key: string, study: DayEntry['study'], own: DayEntry['sent'], make: () => DayEntry) => {
    const before = kept.get(key);
    return before && isSame(before.study, study) && isSame(before.sent, own) ? before : make();
  };
  const here = studies.map((study) => {
    const own = told.get(study.studyInstanceUID ?? '') ?? null;
    return keptOr(study.id, study, own, () => entryHere(study, own, link));
  });
  const known = new Set(studies.map(({ studyInstanceUID }) => studyInstanceUID));
  const others = sent.filter(({ studyInstanceUID }) => !known.has(studyInstanceUID));
  return [
    ...here,
    ...others.map((study) =>
      keptOr(study.studyInstanceUID, null, study, () => entryElsewhere(study, device)),
    ),
  ];
}

/** Of plain data: the database and the gateway give new objects with the same values. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const own = a as Readonly<Record<string, unknown>>;
  const others = b as Readonly<Record<string, unknown>>;
  for (const name in others) if (!(name in own)) return false;
  for (const name in own) if (!(name in others) || !isSame(own[name], others[name])) return false;
  return true;
}

function entryHere(study: QueuedStudy, sent: SentStudy | null, link: Link): DayEntry {
  const { title } = study;
  const birth = formatDicomDate(title?.patientBirthDate);
  return {
    key: study.id,
    study,
    sent,
    name: nameOf(study),
    person: [
      ...(title?.patientId ? [titleWords.patientId(title.patientId)] : []),
      ...(birth ? [titleWords.born(birth)] : []),
    ],
    modalities: study.title?.modalities ?? study.about.modalities,
    at: study.queuedAt,
    part: partOf(study),
    track: trackOf(study, link),
    studyInstanceUID: study.studyInstanceUID,
    hasReceipt: study.receiptId !== null,
    place: 'here',
    removed: study.removed,
    senders: sendersOf(sent),
  };
}

function entryElsewhere(sent: SentStudy, device: string | null): DayEntry {
  const modalities = modalitiesOf(sent.sopClassUIDs);
  const isOwn = device !== null && sent.uploads.every((upload) => upload.device === device);
  return {
    key: sent.studyInstanceUID,
    study: null,
    sent,
    name: titleWords.erasedName(modalities),
    person: [],
    modalities,
    at: Date.parse(sent.firstSentAt),
    part: partOfSent(sent),
    track: trackOfSent(sent),
    studyInstanceUID: sent.studyInstanceUID,
    hasReceipt: sent.uploads.some(({ receipt }) => receipt !== null),
    place: isOwn ? 'gone' : 'elsewhere',
    removed: false,
    senders: sendersOf(sent),
  };
}

function sendersOf(sent: SentStudy | null): readonly Sender[] {
  const told = sent?.uploads.flatMap(({ sender }) => sender ?? []) ?? [];
  return [...Map.groupBy(told, ({ username }) => username)].map(([username, own]) => ({
    username,
    keptNames: own.some(({ keptNames }) => keptNames),
  }));
}

function partOfSent({ standing, uploads }: SentStudy): QueuePart {
  if (standing !== 'ended') return standing;
  return uploads.every(({ counts }) => counts.promised > 0 && counts.inPacs + counts.refused === 0)
    ? 'taken-back'
    : 'arrived';
}

/**
 * Of the newest upload: the same study sent twice is not twice as large. Its receipt says that the gateway is done with
 * what it brought: the study's state is also that of results which are stored beside it.
 */
function trackOfSent({ uploads }: SentStudy): TrackState {
  const [newest] = uploads;
  const counts = newest?.counts ?? NOTHING;
  const isHeld = newest !== undefined && newest.receipt !== null && counts.quarantined > 0;
  const needsYou = isHeld ? counts.refused + counts.quarantined : 0;
  const atGateway = counts.atGateway + (isHeld ? 0 : counts.quarantined);
  const notTaken = isHeld ? 0 : counts.refused;
  const told = atGateway + counts.inPacs + needsYou + counts.leftOut + notTaken;
  return {
    total: counts.promised,
    onDevice: Math.max(0, counts.promised - told),
    onItsWay: 0,
    atGateway,
    inPacs: counts.inPacs,
    needsYou,
    leftOut: counts.leftOut + notTaken,
    waitingFor: newest?.waiting?.because ?? null,
  };
}

const NOTHING = { promised: 0, atGateway: 0, inPacs: 0, refused: 0, quarantined: 0, leftOut: 0 };
