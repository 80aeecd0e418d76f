/**
 * Everything that was chosen on this page since somebody signed in: the studies that were sent, and the files that were
 * left behind. In memory alone: a page that does not know all of it does not say that the files or the disc may go.
 */
import { signal, type Signal } from '@preact/signals';
import type { BegunInstance } from '#shared/ingest/begun-instance.ts';
import type { StudyGroup } from './group-studies.ts';
import type { InspectedFile } from './inspection.ts';

export interface SentFromHere {
  /** Milliseconds since 1970: when each choice began, of a disc or a folder; the next one begins on an empty page. */
  readonly choices: readonly number[];
  /** By their ids in the queue the place of their choice among `choices`. */
  readonly sent: ReadonlyMap<string, number>;
  /** By Study Instance UID, SOP Instance UID of a damaged file or path. */
  readonly leftBehind: ReadonlyMap<string, LeftBehind>;
  /** The files of the studies that were sent, by their place among all chosen files (`FoundFile.ordinal`). */
  readonly files: ReadonlyMap<number, InspectedFile>;
}

/** Files that were cleared from the page, or could not be sent: one, or those of a study. */
export interface LeftBehind {
  readonly files: number;
  /** Of the first of them. */
  readonly path: string;
  /** The place of their choice among `choices`. */
  readonly choice: number;
}

const NOTHING: SentFromHere = { choices: [], sent: new Map(), leftBehind: new Map(), files: new Map() };

export const createSentFromHere = (): Signal<SentFromHere> => signal(NOTHING);

type Refused = { readonly path: string; readonly begun?: BegunInstance | undefined };
type State = { readonly sentFromHere: Signal<SentFromHere> };

/** Files are chosen on an empty page. Without anything sent it is the same choice: somebody cleared the page. */
export function beginChoice({ sentFromHere }: State, at: number): void {
  const { choices, sent, ...others } = sentFromHere.value;
  if (choices.length > 0 && ![...sent.values()].includes(choices.length - 1)) return;
  sentFromHere.value = { choices: [...choices, at], sent, ...others };
}

const currentOf = ({ choices }: SentFromHere): number => Math.max(0, choices.length - 1);

/** `id`: in the queue; null: nothing of it is queued now. `begun`: its damaged files, which the queue counts now. */
export function noteSent(
  { sentFromHere }: State,
  id: string | null,
  { studyInstanceUID, series }: Pick<StudyGroup, 'studyInstanceUID' | 'series'>,
  begun: readonly Refused[] = [],
): void {
  const { sent, leftBehind, files, choices } = sentFromHere.value;
  const all = new Map(files);
  for (const { files: some } of series.values())
    for (const found of some) all.set(found.ordinal, { studyInstanceUID, found });
  if (id === null) {
    sentFromHere.value = { choices, sent, leftBehind, files: all };
    return;
  }
  const left = new Map(leftBehind);
  left.delete(studyInstanceUID);
  for (const { files: some } of series.values())
    for (const { sopInstanceUID } of some) left.delete(sopInstanceUID);
  for (const file of begun) left.delete(keyOf(file));
  const choice = sent.get(id) ?? currentOf(sentFromHere.value);
  sentFromHere.value = { choices, sent: new Map(sent).set(id, choice), leftBehind: left, files: all };
}

/** Before the page forgets them. */
export function noteLeftBehind(
  { sentFromHere }: State,
  studies: Iterable<Pick<StudyGroup, 'studyInstanceUID' | 'instances' | 'series'>>,
  refused: readonly Refused[],
): void {
  const { leftBehind, ...others } = sentFromHere.value;
  const left = new Map(leftBehind);
  const choice = currentOf(sentFromHere.value);
  for (const { studyInstanceUID, instances, series } of studies) {
    const [first] = [...series.values()].flatMap(({ files }) => files);
    left.set(studyInstanceUID, { files: instances, path: first?.file.path ?? '', choice });
  }
  for (const file of refused) left.set(keyOf(file), { files: 1, path: file.path, choice });
  sentFromHere.value = { ...others, leftBehind: left };
}

const keyOf = ({ path, begun }: Refused): string => begun?.sopInstanceUID ?? path;

/** Somebody else begins. */
export function forgetSentFromHere({ sentFromHere }: State): void {
  sentFromHere.value = NOTHING;
}
