/**
 * Everything that was chosen on this page since somebody signed in: the studies that were sent, and the files that were
 * left behind. In memory: a page that does not know all of it does not say that the files or the disc may go. Only the
 * ids of studies outlast a reload, where nothing was left behind (app/keep-sent.ts).
 */
import { signal, type Signal } from '@preact/signals';
import type { BegunInstance } from '#shared/ingest/begun-instance.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import { unreadOf, type DiscView, type LeftUnread } from './disc-view.ts';
import type { FoundFile, StudyGroup } from './group-studies.ts';
import type { InspectedFile } from './inspection.ts';
import { filesIn } from './patients-of-study.ts';

export interface SentFromHere {
  /** Milliseconds since 1970: when each choice began, of a disc or a folder; the next one begins on an empty page. */
  readonly choices: readonly number[];
  /** By their ids in the queue the place of their choice among `choices`. */
  readonly sent: ReadonlyMap<string, number>;
  /** Studies in `sent` that were sent before the page was reloaded: it does not know their files. */
  readonly beforeReload: ReadonlySet<string>;
  /** By Study Instance UID, SOP Instance UID of a damaged file or path. */
  readonly leftBehind: ReadonlyMap<string, LeftBehind>;
  /** By their ids in the queue the SOP Instance UIDs that the queue counts with them, and this page as missing. */
  readonly missing: ReadonlyMap<string, readonly string[]>;
  /** Ids in the queue of studies whose left-out instances a person has taken off the list of those not sent. */
  readonly settled: ReadonlySet<string>;
  /**
   * The files of the studies that were sent, and those that a person left out of them, which the queue counts: by their
   * place among all chosen files (`FoundFile.ordinal`).
   */
  readonly files: ReadonlyMap<number, InspectedFile>;
  /**
   * A person took files off the page, or off the list of those not sent, after the last study was sent: the disc in
   * the drive may be theirs, and nobody is told that it may go.
   */
  readonly isTakenOff: boolean;
  /** Files were taken off the page unsent, and no person has said since that they are not needed. */
  readonly isCleared: boolean;
}

/** Files that left the page with others of their choice, or could not be sent: one, or those of a study. */
export interface LeftBehind {
  readonly files: number;
  /** More of them may not have been listed. */
  readonly isAtLeast?: boolean;
  /**
   * `missing`: the disc's index names it; `unread`: reading was stopped before these; `left-unread`: so it was, and a
   * person left them out; `unreadable`: at Send, nothing of
   * their study could be read; `not-dicom`: it is no image of any study.
   */
  readonly why: 'not-sent' | 'missing' | 'unread' | 'left-unread' | 'unreadable' | 'not-dicom';
  /** The path of the first file, or the folder of unread ones; empty where it is not known. */
  readonly path: string;
  /** The patient of a whole study, as its files name them: empty where they name none; otherwise null. */
  readonly patientName: string | null;
  /** The place of their choice among `choices`. */
  readonly choice: number;
  /** Tells where unread files are read later. */
  readonly read?: LeftUnread['read'] | undefined;
}

export const NOTHING_SENT: SentFromHere = {
  choices: [],
  sent: new Map(),
  beforeReload: new Set(),
  leftBehind: new Map(),
  missing: new Map(),
  settled: new Set(),
  files: new Map(),
  isTakenOff: false,
  isCleared: false,
};

export const createSentFromHere = (): Signal<SentFromHere> => signal(NOTHING_SENT);

type Refused = {
  readonly path: string;
  readonly reason?: ReasonCode;
  readonly begun?: BegunInstance | undefined;
};
type State = { readonly sentFromHere: Signal<SentFromHere> };

/** Files are chosen on an empty page. Without anything sent it is the same choice: somebody cleared the page. */
export function beginChoice({ sentFromHere }: State, at: number): void {
  const { choices, ...others } = sentFromHere.value;
  if (choices.length > 0 && !isSentInPart(sentFromHere.value)) return;
  sentFromHere.value = { ...others, choices: [...choices, at] };
}

export const currentOf = ({ choices }: Pick<SentFromHere, 'choices'>): number =>
  Math.max(0, choices.length - 1);

/** A choice of which nothing was sent is taken off the page as if it had never been made. */
const isSentInPart = (here: SentFromHere): boolean => [...here.sent.values()].includes(currentOf(here));

/** `id`: in the queue; null: nothing of it is queued now. `begun`: its damaged files, which the queue counts now. */
export function noteSent(
  { sentFromHere }: State,
  id: string | null,
  { studyInstanceUID, series, leftOut }: Pick<StudyGroup, 'studyInstanceUID' | 'series' | 'leftOut'>,
  begun: readonly Refused[] = [],
): void {
  const { sent, leftBehind, files, ...others } = sentFromHere.value;
  const all = new Map(files);
  for (const { files: some } of series.values())
    for (const found of some) all.set(found.ordinal, { studyInstanceUID, found });
  if (id === null) {
    sentFromHere.value = { ...others, sent, leftBehind, files: all };
    return;
  }
  for (const { files: some } of leftOut.values())
    for (const found of some) all.set(found.ordinal, { studyInstanceUID, found });
  const left = new Map(leftBehind);
  left.delete(studyInstanceUID);
  for (const { files: some } of series.values())
    for (const { sopInstanceUID } of some) left.delete(sopInstanceUID);
  for (const file of begun) left.delete(keyOf(file));
  const choice = sent.get(id) ?? currentOf(sentFromHere.value);
  sentFromHere.value = {
    ...{ ...others, sent: new Map(sent).set(id, choice), leftBehind: left, files: all },
    isTakenOff: false,
  };
}

/** The page names them as long as it knows the disc; the queue keeps their number. */
export function noteMissing({ sentFromHere }: State, id: string, uids: readonly string[]): void {
  const { missing, ...others } = sentFromHere.value;
  sentFromHere.value = { ...others, missing: new Map(missing).set(id, uids) };
}

/** Notes files that stay on the page, although others of their study were queued. */
export function noteKeptHere({ sentFromHere }: State, ordinals: Iterable<number>): void {
  const files = new Map(sentFromHere.value.files);
  for (const ordinal of ordinals) files.delete(ordinal);
  sentFromHere.value = { ...sentFromHere.value, files };
}

/**
 * Of the chosen files of a study, those that were not sent from this page: how many, and the path of the first. `out`:
 * more files of it, which a person left out and the queue may have: `sent` counts them, as the queue does.
 */
export function unsentOf(
  { files: known }: Pick<SentFromHere, 'files'>,
  studyInstanceUID: string,
  files: readonly FoundFile[],
  out: readonly FoundFile[] = [],
): { readonly files: number; readonly path: string; readonly sent: number } {
  const sent = new Set(out.map(copyOf));
  for (const { studyInstanceUID: of, found } of known.values())
    if (of === studyInstanceUID) sent.add(copyOf(found));
  // Most studies have had nothing sent, and their files may be ten thousand.
  const unsent = sent.size === 0 ? files : files.filter((found) => !sent.has(copyOf(found)));
  return { files: unsent.length, path: unsent[0]?.file.path ?? '', sent: sent.size };
}

const copyOf = ({ sopInstanceUID, file }: FoundFile): string => `${sopInstanceUID} ${file.bytes}`;

/**
 * Whether a file that could not be read at Send is counted with a study that left the page: by the queue, or in
 * `leftBehind`.
 */
export const isCountedWith = (
  { wasFound, begun }: { readonly wasFound?: boolean; readonly begun?: BegunInstance | undefined },
  onPage: { readonly has: (studyInstanceUID: string) => boolean },
): boolean => wasFound === true && !onPage.has(begun!.studyInstanceUID);

/** Before the page forgets them. `there`: the files (`FoundFile.ordinal`) that the PACS is known to have. */
export function noteLeftBehind(
  { sentFromHere }: State,
  studies: Iterable<Pick<StudyGroup, 'studyInstanceUID' | 'series' | 'description'>>,
  refused: readonly Refused[],
  there: ReadonlySet<number>,
): void {
  const { leftBehind, ...others } = sentFromHere.value;
  const left = new Map(leftBehind);
  const choice = currentOf(sentFromHere.value);
  const why = 'not-sent';
  for (const { studyInstanceUID, series, description } of studies) {
    const patientName = description.patientName ?? '';
    const chosen = filesIn(series);
    const out = chosen.filter(({ ordinal }) => there.has(ordinal));
    const { files, path } = unsentOf(others, studyInstanceUID, chosen, out);
    if (files > 0) left.set(studyInstanceUID, { files, why, path, patientName, choice });
  }
  for (const file of refused)
    left.set(keyOf(file), { files: 1, why: whyOf(file), path: file.path, patientName: null, choice });
  keepLeft({ sentFromHere }, left);
}

/** Files of a choice of which nothing was sent are forgotten, but for that they were there. */
function keepLeft({ sentFromHere }: State, leftBehind: SentFromHere['leftBehind']): void {
  const here = sentFromHere.value;
  if (isSentInPart(here)) sentFromHere.value = { ...here, leftBehind };
  else if (leftBehind.size > here.leftBehind.size)
    sentFromHere.value = { ...here, isTakenOff: true, isCleared: true };
}

/** Before the page forgets a disc: the files that its index names and nobody chose, and those that were not read. */
export function noteDiscLeft(
  { sentFromHere }: State,
  { missing, stopped, leftUnread, readAgain }: Omit<DiscView, 'indexes' | 'expected' | 'isInDoubt'>,
): void {
  const { leftBehind } = sentFromHere.value;
  const choice = currentOf(sentFromHere.value);
  const left = new Map(leftBehind);
  for (const key of readAgain) left.delete(key);
  const common = { patientName: null, choice };
  for (const { path, sopInstanceUID } of missing)
    left.set(sopInstanceUID || path, { ...common, files: 1, why: 'missing', path });
  if (stopped !== null)
    left.set(`unread ${choice}`, {
      ...{ ...common, files: unreadOf(stopped), isAtLeast: !stopped.isListed },
      ...{ why: 'unread', path: '' },
    });
  for (const [at, { folders, read }] of leftUnread.entries())
    for (const folder of folders)
      left.set(`left-unread ${choice} ${at} ${folder.path}`, {
        ...common,
        ...folder,
        why: 'left-unread',
        read,
      });
  keepLeft({ sentFromHere }, left);
}

/** A person has read which files were not sent, and takes them off that list. */
export function settleNotSent({ sentFromHere }: State): void {
  const { sent, ...others } = sentFromHere.value;
  const settled = new Set(sent.keys());
  const off = { isTakenOff: true, isCleared: false };
  sentFromHere.value = { ...others, sent, leftBehind: new Map(), settled, ...off };
}

/** A file whose beginning cannot be read may be an image: nobody knows what it is. */
export const whyOf = ({ reason }: Pick<Refused, 'reason'>): 'not-sent' | 'not-dicom' =>
  reason === 'not-dicom-image' || reason === 'not-dicom-document' ? 'not-dicom' : 'not-sent';

const keyOf = ({ path, begun }: Refused): string => begun?.sopInstanceUID ?? path;

/** Somebody else begins. */
export function forgetSentFromHere({ sentFromHere }: State): void {
  sentFromHere.value = NOTHING_SENT;
}
