/** Gathers the outcome of every choice on this page: as counts for the decision, and as names for the person. Pure. */
import type { FoundStudy, IngestStore } from '../pipeline/ingest/found/found-study.ts';
import {
  goingOfFound,
  isNothingFound,
  placesInPacs,
  type Staying,
} from '../pipeline/ingest/found/sendable.ts';
import { countUnread, unreadOf, type UnreadFolder } from '../pipeline/ingest/choose/disc-view.ts';
import {
  currentOf,
  isCountedWith,
  unsentOf,
  whyOf,
  type LeftBehind,
  type SentFromHere,
} from '../pipeline/ingest/found/sent-from-here.ts';
import { mayBeImage } from '../pipeline/ingest/damaged-files.ts';
import { sumOf } from '../pipeline/queue/count-reasons.ts';
import { totalOf } from '../pipeline/ingest/found/forecast.ts';
import { markOfStudy } from '../pipeline/queue/mark-of-study.ts';
import type { ChosenStudy } from '../pipeline/queue/rows/kept-choices.ts';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { withoutRepeated } from '../pipeline/queue/without-repeated.ts';
import type { ChoiceOutcome } from './choice-outcome.ts';
import { lackOf } from './disc-of.ts';

/** The choice that the upload page shows. */
export interface OnPage {
  readonly isBeingRead: boolean;
  readonly studies: readonly (Pick<FoundStudy, 'studyInstanceUID' | 'patientName' | 'instances'> & {
    readonly why: OnUpload;
  })[];
  /** Paths of the refused files; a file chosen twice is listed once. */
  readonly refused: readonly string[];
  /** Paths of the refused files that are not DICOM. */
  readonly notDicom: ReadonlySet<string>;
  readonly missing: readonly string[];
  /** Damaged, refused and missing files on the page, named as in `SentFromHere.leftBehind`. */
  readonly names: ReadonlySet<string>;
  readonly unread: number;
  /** There may be more unread files. */
  readonly isAtLeast: boolean;
  /** Files that a person left out unread, by the folder or archive that was chosen. */
  readonly leftUnread: readonly UnreadFolder[];
  /** Keys of `SentFromHere.leftBehind` whose files are on this page again and were read. */
  readonly readAgain: readonly string[];
  readonly isInDoubt: boolean;
  /** How many files of each study are on the page, by its mark (mark-of-study.ts). */
  readonly again: ReadonlyMap<number, number>;
}

/** The choice on the page is not sent yet, so its own sentence describes it and it counts nothing here. */
export const EMPTY_PAGE: OnPage = {
  isBeingRead: false,
  studies: [],
  refused: [],
  notDicom: new Set(),
  missing: [],
  names: new Set(),
  unread: 0,
  isAtLeast: false,
  leftUnread: [],
  readAgain: [],
  isInDoubt: false,
  again: new Map(),
};

/** The same, with the studies on the page counted so that cancelled ones can be recognised. */
export const beforeSend = (page: Again): OnPage => ({ ...EMPTY_PAGE, again: againOn(page) });

type Again = Pick<IngestStore, 'studies'>;

const againOn = ({ studies }: Again): OnPage['again'] =>
  new Map(
    studies.value.map(({ studyInstanceUID, instances, unticked }) => [
      markOfStudy(studyInstanceUID),
      instances + totalOf(unticked).instances,
    ]),
  );

/** Reasons why files are still on the page: Send was not pressed, or a person has yet to decide. */
type OnUpload = 'not-pressed' | 'undecided';

export interface NotSent {
  /** Listed studies with instances that were left out. */
  readonly leftOut: readonly QueuedStudy[];
  /** How much of each study leaves the list with these files, by its id in the queue (`noteNotSent`). */
  readonly noted: ReadonlyMap<string, number>;
  readonly left: readonly (Pick<LeftBehind, 'files' | 'isAtLeast' | 'path' | 'patientName'> & {
    readonly why: LeftBehind['why'] | OnUpload;
  })[];
}

/** How to send them. Files that the page still has need not be chosen again. */
export function nextFor({ leftOut, left }: NotSent): OnUpload | 'choose-again' {
  const all = new Set(left.map(({ why }) => why));
  if (leftOut.length > 0 || all.size === 0) return 'choose-again';
  if (all.isSubsetOf(new Set(['undecided']))) return 'undecided';
  return all.isSubsetOf(new Set(['undecided', 'not-pressed'])) ? 'not-pressed' : 'choose-again';
}

type Known = Pick<SentFromHere, 'choices' | 'sent' | 'leftBehind' | 'missing'>;

export type Outcomes = { readonly choices: readonly ChoiceOutcome[]; readonly notSent: NotSent };

export function outcomesOf(here: Known, all: readonly QueuedStudy[], page: OnPage): Outcomes {
  const missing = missingNow(here, page);
  const replaced = replacedAmong(all, here, page);
  const queued = all.filter((study) => !replaced.has(study.id));
  const byId = new Map(queued.map((study) => [study.id, study]));
  const current = currentOf(here);
  const leftBehind = stillLeft(here.leftBehind, page);
  const choices = here.choices.map((_, at) => {
    const sent = [...here.sent]
      .filter(([id, choice]) => choice === at && !replaced.has(id))
      .map(([id]) => byId.get(id) ?? null);
    const left = leftBehind.filter(({ choice }) => choice === at);
    return outcomeOf({ ...here, missing }, { at, sent, left }, at === current ? page : EMPTY_PAGE);
  });
  const earlier = queued.filter((study) => !here.sent.has(study.id) && isLackingStill(study));
  const leftOut = queued.filter(
    (study) => here.sent.has(study.id) && leftOutOf({ ...here, missing }, study) > 0,
  );
  const noted = queued.filter((study) => here.sent.has(study.id) && lackOf(study) > 0);
  return {
    choices: [...choices, ...outcomesOfEarlier(earlier)],
    notSent: {
      noted: new Map([...noted, ...earlier].map((study) => [study.id, lackOf(study)])),
      leftOut: [...leftOut, ...earlier],
      left: [...leftBehind, ...namedOn(page)],
    },
  };
}

/**
 * Ids of incomplete studies of which the missing number has arrived since, and of cancelled studies of which as many
 * files are on the page again. Another part of the same study does not count as a replacement.
 */
function replacedAmong(
  queued: readonly QueuedStudy[],
  { sent }: Known,
  { again }: OnPage,
): ReadonlySet<string> {
  const standing = new Set(withoutRepeated(queued));
  const isAgain = ({ state, mark, instances }: QueuedStudy) =>
    state === 'taken-back' && (again.get(mark ?? -1) ?? 0) >= instances;
  const isReplaced = (study: QueuedStudy) =>
    (sent.has(study.id) ? study.track.leftOut : lackOf(study)) > 0 &&
    (!standing.has(study) || isAgain(study));
  return new Set(queued.filter(isReplaced).map(({ id }) => id));
}

/** The study ended with files left out, and not all of these were taken off the list of files not sent. */
const isLackingStill = (study: QueuedStudy): boolean =>
  (study.state === 'done' || study.state === 'taken-back') && !isSeen(study);

/** A person has taken whatever the study lacks off the list of files not sent. */
const isSeen = (study: QueuedStudy): boolean => lackOf(study) <= study.noted;

/**
 * Discs of earlier pages may still be in the drive, because nobody has said otherwise. Unread files that were left out
 * are noted with each study of their choice, and are counted once.
 */
function outcomesOfEarlier(earlier: readonly QueuedStudy[]): readonly ChoiceOutcome[] {
  const unread = new Map(
    earlier.flatMap(({ id, leftUnread }) => (leftUnread ? [[leftUnread.from ?? id, leftUnread]] : [])),
  );
  return [
    ...earlier.map(({ track }) => ({ ...NO_OUTCOME, missing: track.leftOut })),
    ...[...unread.values()].map(({ files, isAtLeast }) => ({ ...NO_OUTCOME, missing: files, isAtLeast })),
  ];
}

const NO_OUTCOME: ChoiceOutcome = {
  ...{ inPacs: 0, underWay: 0, ended: 0, offList: 0, told: 0, held: 0, isBeingRead: false },
  ...{ unsent: 0, refused: 0, missing: 0, unread: 0, isInDoubt: false, leftOut: 0, cleared: 0, foreign: 0 },
  isAtLeast: false,
};

/** A cleared file that is on the page again is counted only on the page. */
function stillLeft(leftBehind: Known['leftBehind'], page: OnPage): readonly LeftBehind[] {
  const chosen = new Map(
    page.studies.map(({ studyInstanceUID, instances }) => [studyInstanceUID, instances]),
  );
  for (const name of page.names) chosen.set(name, 1);
  for (const key of page.readAgain) chosen.set(key, Number.POSITIVE_INFINITY);
  return [...leftBehind].flatMap(([key, left]) => {
    const files = left.files - (chosen.get(key) ?? 0);
    return files > 0 ? [{ ...left, files }] : [];
  });
}

type OfChoice = {
  readonly at: number;
  /** Null: the study is off the list. */
  readonly sent: readonly (QueuedStudy | null)[];
  readonly left: readonly LeftBehind[];
};

function outcomeOf(here: Known, { at, sent, left }: OfChoice, page: OnPage): ChoiceOutcome {
  const there = sent.filter((study) => study !== null);
  const those = Map.groupBy(there, endOf);
  const inPacs = those.get('in-pacs') ?? [];
  const filesOf = (why: LeftBehind['why']): number =>
    left.reduce((sum, { files, why: of }) => sum + (of === why ? files : 0), 0);
  return {
    inPacs: inPacs.length,
    underWay: those.get('under-way')?.length ?? 0,
    ended: those.get('ended')?.length ?? 0,
    offList: sent.length - there.length,
    told: isTold(here, at, sent) ? inPacs.length : 0,
    held: sumOf(there.flatMap(({ needs }) => needs)),
    isBeingRead: page.isBeingRead,
    unsent: page.studies.reduce((sum, { instances }) => sum + instances, 0),
    refused: page.refused.length - page.notDicom.size,
    missing: page.missing.length + filesOf('missing'),
    unread: page.unread + filesOf('unread') + filesOf('unreadable'),
    isInDoubt: page.isInDoubt,
    leftOut: there.reduce((sum, study) => sum + leftOutOf(here, study), 0),
    cleared: countUnread(page.leftUnread) + filesOf('left-unread') + filesOf('not-sent'),
    foreign: page.notDicom.size + filesOf('not-dicom'),
    isAtLeast: [page, ...page.leftUnread, ...left].some((some) => some.isAtLeast === true),
  };
}

const leftOutOf = ({ missing }: Known, study: QueuedStudy): number =>
  isSeen(study) ? 0 : Math.max(0, study.track.leftOut - (missing.get(study.id)?.length ?? 0));

/** Instances counted as missing from a disc, whether that disc is on the page now or was before. */
const missingNow = ({ missing, leftBehind }: Known, { names }: OnPage): Known['missing'] =>
  new Map(
    [...missing].map(([id, uids]) => [id, uids.filter((uid) => names.has(uid) || leftBehind.has(uid))]),
  );

function endOf(study: QueuedStudy): 'in-pacs' | 'under-way' | 'ended' | 'seen' {
  const { state, receiptId, needs, track, instances, cancelling } = study;
  if (cancelling && track.inPacs < instances) return 'ended';
  if (state !== 'done' && state !== 'taken-back') return 'under-way';
  const isProven = state === 'done' && receiptId !== null && needs.length === 0;
  if (isProven && track.inPacs > 0 && track.inPacs + study.track.leftOut >= instances) return 'in-pacs';
  // The study was cancelled, but the PACS has all of it: no receipt proves that here, and nothing is missing.
  if (state === 'taken-back') return track.leftOut === 0 || isSeen(study) ? 'seen' : 'ended';
  return track.leftOut > 0 && track.leftOut === instances && isSeen(study) ? 'seen' : 'ended';
}

/** Every study of this choice had ended before a later choice that was sent began, so its disc was put away. */
function isTold({ choices, sent }: Known, at: number, studies: OfChoice['sent']): boolean {
  const last = Math.max(...sent.values());
  const began = choices[last] ?? 0;
  return at !== last && studies.every((study) => (study?.completedAt ?? began) < began);
}

function namedOn({ studies, refused, notDicom, missing, ...page }: OnPage): NotSent['left'] {
  const file = { files: 1, patientName: null };
  return [
    ...studies.map(({ patientName, instances, why }) => ({
      files: instances,
      why,
      path: '',
      patientName,
    })),
    ...refused.map((path) => ({
      ...{ ...file, path },
      why: notDicom.has(path) ? ('not-dicom' as const) : ('not-sent' as const),
    })),
    ...missing.map((path) => ({ ...file, why: 'missing' as const, path })),
    ...(page.unread > 0
      ? [{ ...file, files: page.unread, isAtLeast: page.isAtLeast, why: 'unread' as const, path: '' }]
      : []),
    ...page.leftUnread.map((folder) => ({ ...file, ...folder, why: 'left-unread' as const })),
  ];
}

/**
 * Lists the studies on the page with their files that were not sent; the studies that left the page whole, because
 * nothing of them could be read or a person cleared them beside studies that were sent; and the files that may be
 * images but belong to no known study.
 */
export function unsentStudies(page: Chosen & Pick<IngestStore, 'rejected'>): readonly ChosenStudy[] {
  const here = page.sentFromHere.value;
  const left = [...here.leftBehind].flatMap(([studyInstanceUID, { patientName, files: instances }]) =>
    patientName === null
      ? []
      : { studyInstanceUID, instances, sent: unsentOf(here, studyInstanceUID, []).sent },
  );
  const loose = looseFiles(page).map((path) => ({ studyInstanceUID: path, instances: 1, sent: 0 }));
  return [...left, ...chosenOn(page), ...loose].map(({ studyInstanceUID, instances, sent }) => ({
    mark: markOfStudy(studyInstanceUID),
    instances,
    sent,
  }));
}

/** Paths of damaged files, on the page or taken off it, that are counted with no study. */
function looseFiles({
  studies,
  rejected,
  sentFromHere,
}: Chosen & Pick<IngestStore, 'rejected'>): readonly string[] {
  const onPage = new Set(studies.value.map(({ studyInstanceUID }) => studyInstanceUID));
  const own = rejected.value.filter(
    ({ reason, begun }) => mayBeImage(reason) && !onPage.has(begun?.studyInstanceUID ?? ''),
  );
  const left = [...sentFromHere.value.leftBehind.values()].filter(
    ({ why, patientName }) => why === 'not-sent' && patientName === null,
  );
  return [...new Set([...own, ...left].map(({ path }) => path))];
}

type Chosen = Pick<IngestStore, 'studies' | 'sentFromHere' | 'inspection' | 'policy' | 'released'>;

/**
 * Studies on the page that the PACS lacks in part. Excluded are files that the PACS has, files already sent from this
 * page, and files left out before: the queue counts those, even while a person decides about them again.
 */
function chosenOn(page: Chosen) {
  const { studies, sentFromHere, inspection } = page;
  return studies.value.flatMap((study) => {
    const { studyInstanceUID, patientName, leftOut } = study;
    const unticked = study.unticked.flatMap((series) => series.files);
    const files = [...inspection.filesOf(studyInstanceUID), ...unticked];
    const there = placesInPacs(page, study);
    const known = files.filter(({ ordinal, wasLeftOut }) => there.has(ordinal) || wasLeftOut);
    if (known.length >= study.instances + unticked.length) return [];
    const out = [...leftOut.flatMap((part) => part.files.filter(({ isNew }) => !isNew)), ...known];
    const { files: instances, sent } = unsentOf(sentFromHere.value, studyInstanceUID, files, out);
    return instances > 0 ? [{ study, studyInstanceUID, patientName, instances, sent }] : [];
  });
}

type Page = Chosen &
  Staying &
  Pick<IngestStore, 'phase' | 'rejected' | 'skipped' | 'skippedFiles' | 'progress'>;

export function pageOf(page: Page): OnPage {
  const { phase, rejected, disc, sentFromHere } = page;
  const { sent } = sentFromHere.value;
  // Reading was stopped before anything was found and sent, so the page shows nothing that a person could clear.
  const isAsBefore = phase.value === 'idle' && ![...sent.values()].includes(currentOf(sentFromHere.value));
  if (isAsBefore) return EMPTY_PAGE;
  if (phase.value === 'reading') return { ...EMPTY_PAGE, isBeingRead: true };
  const onPage = new Set(page.studies.value.map(({ studyInstanceUID }) => studyInstanceUID));
  // Files beside the images of a study do not belong to it. Where there is no image, the person meant these files.
  const skipped = isNothingFound(page) ? page.skippedFiles.value : [];
  const own = [...rejected.value.filter((file) => !isCountedWith(file, onPage)), ...skipped];
  const refused = new Map(
    own.map((file) => [file.begun?.sopInstanceUID ?? `${file.path} ${file.bytes}`, file]),
  );
  const { missing, stopped, leftUnread, readAgain } = disc.value;
  return {
    isBeingRead: false,
    studies: chosenOn(page).map(({ study, ...chosen }) => ({
      ...chosen,
      why: goingOfFound(study, page).going === 'held' ? 'undecided' : 'not-pressed',
    })),
    refused: [...refused.values()].map(({ path }) => path),
    notDicom: new Set(own.flatMap((file) => (whyOf(file) === 'not-dicom' ? file.path : []))),
    missing: missing.map(({ path }) => path),
    names: new Set([
      ...own.map(({ path, begun }) => begun?.sopInstanceUID ?? path),
      ...missing.map(({ path, sopInstanceUID }) => sopInstanceUID || path),
    ]),
    unread: stopped === null ? 0 : unreadOf(stopped),
    isAtLeast: stopped?.isListed === false,
    leftUnread: leftUnread.flatMap(({ folders }) => folders),
    readAgain,
    isInDoubt: disc.value.isInDoubt,
    again: againOn(page),
  };
}

/** The page holds nothing except what was sent from it. */
export const hasNothing = (page: OnPage): boolean => {
  const { isBeingRead, studies, refused, missing, unread, leftUnread, isInDoubt } = page;
  const count = studies.length + refused.length + missing.length + unread + leftUnread.length;
  return !isBeingRead && !isInDoubt && count === 0;
};
