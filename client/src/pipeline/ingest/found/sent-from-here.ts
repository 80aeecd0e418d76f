/**
 * Everything that was chosen on this page since somebody signed in: the studies that were sent, and the files that
 * were left behind. It is kept only in memory. A page that does not know all of it never says that the files or the
 * disc can be removed. Only the ids of studies survive a reload, and only if nothing was left behind
 * (app/keep-sent.ts).
 */
import { signal, type Signal } from '@preact/signals';
import type { BegunInstance } from '#shared/ingest/begun-instance.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import { unreadOf, type DiscView, type LeftUnread } from '../choose/disc-view.ts';
import type { FoundFile, StudyGroup } from './group-studies.ts';
import type { InspectedFile } from './inspection.ts';
import { filesIn } from './patients-of-study.ts';

export interface SentFromHere {
  /**
   * When each choice of a disc or folder began, in milliseconds since 1970. The next choice begins when the page is
   * empty.
   */
  readonly choices: readonly number[];
  /** For each sent study, by its id in the queue, the index of its choice in `choices`. */
  readonly sent: ReadonlyMap<string, number>;
  /** The key is a Study Instance UID, the SOP Instance UID of a damaged file, or a path. */
  readonly leftBehind: ReadonlyMap<string, LeftBehind>;
  /** By id in the queue, SOP Instance UIDs that the queue counts with the study and that this page lists as missing. */
  readonly missing: ReadonlyMap<string, readonly string[]>;
  /**
   * The files of the studies that were sent, including those that a person left out of them, which the queue counts.
   * The key is the position among all chosen files (`FoundFile.ordinal`).
   */
  readonly files: ReadonlyMap<number, InspectedFile>;
  /** How often files of which nothing more is known were taken off the page unsent. */
  readonly clearings: number;
}

/**
 * Files that left the page together with their choice, or that could not be sent: a single file, or the files of a
 * study.
 */
export interface LeftBehind {
  readonly files: number;
  /** Whether there may be more that were not listed. */
  readonly isAtLeast?: boolean;
  /**
   * `missing`: the disc's index names the file; `unread`: reading was stopped before these; `left-unread`: the same,
   * and a person left them out; `unreadable`: Send could read nothing of their study; `not-dicom`: the file is not an
   * image of any study.
   */
  readonly why: 'not-sent' | 'missing' | 'unread' | 'left-unread' | 'unreadable' | 'not-dicom';
  /** The path of the first file, or the folder of unread ones; empty if it is not known. */
  readonly path: string;
  /** For a whole study, the patient as its files name them, or empty if they name none. Otherwise null. */
  readonly patientName: string | null;
  /** The index of their choice in `choices`. */
  readonly choice: number;
  /** Used to recognise when unread files are read later. */
  readonly read?: LeftUnread['read'] | undefined;
}

export const NOTHING_SENT: SentFromHere = {
  choices: [],
  sent: new Map(),
  leftBehind: new Map(),
  missing: new Map(),
  files: new Map(),
  clearings: 0,
};

export const createSentFromHere = (): Signal<SentFromHere> => signal(NOTHING_SENT);

type Refused = {
  readonly path: string;
  readonly reason?: ReasonCode;
  readonly begun?: BegunInstance | undefined;
};
type State = { readonly sentFromHere: Signal<SentFromHere> };

/**
 * Called when files are chosen on an empty page. If nothing of the last choice was sent, it continues: somebody only
 * cleared the page.
 */
export function beginChoice({ sentFromHere }: State, at: number): void {
  const { choices, ...others } = sentFromHere.value;
  if (choices.length > 0 && !isSentInPart(sentFromHere.value)) return;
  sentFromHere.value = { ...others, choices: [...choices, at] };
}

export const currentOf = ({ choices }: Pick<SentFromHere, 'choices'>): number =>
  Math.max(0, choices.length - 1);

/**
 * Whether something of the current choice was sent. A choice of which nothing was sent is forgotten as if it had
 * never been made.
 */
const isSentInPart = (here: SentFromHere): boolean => [...here.sent.values()].includes(currentOf(here));

/**
 * `id`: the id in the queue; null: nothing of the study is queued now. `begun`: the study's damaged files, which the
 * queue counts now.
 */
export function noteSent(
  { sentFromHere }: State,
  id: string | null,
  study: Pick<StudyGroup, 'studyInstanceUID' | 'series' | 'leftOut' | 'unticked'>,
  begun: readonly Refused[] = [],
): void {
  const { studyInstanceUID, series, leftOut, unticked } = study;
  const { sent, leftBehind, files, ...others } = sentFromHere.value;
  const all = new Map(files);
  for (const { files: some } of series.values())
    for (const found of some) all.set(found.ordinal, { studyInstanceUID, found });
  if (id === null) {
    sentFromHere.value = { ...others, sent, leftBehind, files: all };
    return;
  }
  for (const { files: some } of [...leftOut.values(), ...unticked.values()])
    for (const found of some) all.set(found.ordinal, { studyInstanceUID, found });
  const left = new Map(leftBehind);
  left.delete(studyInstanceUID);
  for (const { files: some } of [...series.values(), ...leftOut.values(), ...unticked.values()])
    for (const { sopInstanceUID } of some) left.delete(sopInstanceUID);
  for (const file of begun) left.delete(keyOf(file));
  const choice = sent.get(id) ?? currentOf(sentFromHere.value);
  sentFromHere.value = {
    ...others,
    sent: new Map(sent).set(id, choice),
    leftBehind: left,
    files: all,
  };
}

/** The page names the missing instances as long as it knows the disc; the queue keeps only their number. */
export function noteMissing({ sentFromHere }: State, id: string, uids: readonly string[]): void {
  const { missing, ...others } = sentFromHere.value;
  sentFromHere.value = { ...others, missing: new Map(missing).set(id, uids) };
}

/** Notes files that stay on the page although other files of their study were queued. */
export function noteKeptHere({ sentFromHere }: State, ordinals: Iterable<number>): void {
  const files = new Map(sentFromHere.value.files);
  for (const ordinal of ordinals) files.delete(ordinal);
  sentFromHere.value = { ...sentFromHere.value, files };
}

/**
 * The chosen files of a study that were not sent from this page: how many, and the path of the first. `out`: further
 * files of the study that a person left out and that the queue may count; `sent` includes them, as the queue does.
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
  // For most studies nothing was sent, and they may have ten thousand files.
  const unsent = sent.size === 0 ? files : files.filter((found) => !sent.has(copyOf(found)));
  return { files: unsent.length, path: unsent[0]?.file.path ?? '', sent: sent.size };
}

const copyOf = ({ sopInstanceUID, file }: FoundFile): string => `${sopInstanceUID} ${file.bytes}`;

/**
 * Whether a file that could not be read at Send is counted with a study that has left the page, by the queue or in
 * `leftBehind`.
 */
export const isCountedWith = (
  { wasFound, begun }: { readonly wasFound?: boolean; readonly begun?: BegunInstance | undefined },
  onPage: { readonly has: (studyInstanceUID: string) => boolean },
): boolean => wasFound === true && !onPage.has(begun!.studyInstanceUID);

/**
 * Call it before the page forgets these studies. `there`: the files (`FoundFile.ordinal`) that the PACS is known to
 * have.
 */
export function noteLeftBehind(
  { sentFromHere }: State,
  studies: Iterable<Pick<StudyGroup, 'studyInstanceUID' | 'series' | 'unticked' | 'description'>>,
  refused: readonly Refused[],
  there: ReadonlySet<number>,
): void {
  const { leftBehind, ...others } = sentFromHere.value;
  const left = new Map(leftBehind);
  const choice = currentOf(sentFromHere.value);
  const why = 'not-sent';
  for (const { studyInstanceUID, series, unticked, description } of studies) {
    const patientName = description.patientName ?? '';
    const chosen = [...filesIn(series), ...filesIn(unticked)];
    const out = chosen.filter(({ ordinal }) => there.has(ordinal));
    const { files, path } = unsentOf(others, studyInstanceUID, chosen, out);
    if (files > 0) left.set(studyInstanceUID, { files, why, path, patientName, choice });
  }
  for (const file of refused)
    left.set(keyOf(file), { files: 1, why: whyOf(file), path: file.path, patientName: null, choice });
  keepLeft({ sentFromHere }, left);
}

/** If nothing of a choice was sent, its files are forgotten, and only the fact that there were some is noted. */
function keepLeft({ sentFromHere }: State, leftBehind: SentFromHere['leftBehind']): void {
  const here = sentFromHere.value;
  if (isSentInPart(here)) sentFromHere.value = { ...here, leftBehind };
  else if (leftBehind.size > here.leftBehind.size)
    sentFromHere.value = { ...here, clearings: here.clearings + 1 };
}

/**
 * Call it before the page forgets a disc. Notes the files that its index names and nobody chose, and those that were
 * not read.
 */
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

/** A person has read which files were not sent, so they are taken off that list. */
export function settleNotSent({ sentFromHere }: State): void {
  sentFromHere.value = { ...sentFromHere.value, leftBehind: new Map(), clearings: 0 };
}

/** A file whose beginning cannot be read may be an image, so it is not called `not-dicom`. */
export const whyOf = ({ reason }: Pick<Refused, 'reason'>): 'not-sent' | 'not-dicom' =>
  reason === 'not-dicom-image' || reason === 'not-dicom-document' ? 'not-dicom' : 'not-sent';

const keyOf = ({ path, begun }: Refused): string => begun?.sopInstanceUID ?? path;

/** Called when another person starts. */
export function forgetSentFromHere({ sentFromHere }: State): void {
  sentFromHere.value = NOTHING_SENT;
}
