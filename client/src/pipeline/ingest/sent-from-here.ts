/**
 * Everything that was chosen on this page since somebody signed in: the studies that were sent, and the files that were
 * left behind. In memory alone: a page that does not know all of it does not say that the files or the disc may go.
 */
import { signal, type Signal } from '@preact/signals';
import type { BegunInstance } from '#shared/ingest/begun-instance.ts';
import type { StudyGroup } from './group-studies.ts';
import type { InspectedFile } from './inspection.ts';

export interface SentFromHere {
  /** Their ids in the queue. */
  readonly sent: ReadonlySet<string>;
  /**
   * By Study Instance UID, SOP Instance UID of a damaged file or path, the files that were cleared from the page, or
   * could not be sent.
   */
  readonly leftBehind: ReadonlyMap<string, number>;
  /** The files of the studies that were sent, by their place among all chosen files (`FoundFile.ordinal`). */
  readonly files: ReadonlyMap<number, InspectedFile>;
}

const NOTHING: SentFromHere = { sent: new Set(), leftBehind: new Map(), files: new Map() };

export const createSentFromHere = (): Signal<SentFromHere> => signal(NOTHING);

type Refused = { readonly path: string; readonly begun?: BegunInstance | undefined };
type State = { readonly sentFromHere: Signal<SentFromHere> };

/** `id`: in the queue; null: nothing of it is queued now. `begun`: its damaged files, which the queue counts now. */
export function noteSent(
  { sentFromHere }: State,
  id: string | null,
  { studyInstanceUID, series }: Pick<StudyGroup, 'studyInstanceUID' | 'series'>,
  begun: readonly Refused[] = [],
): void {
  const { sent, leftBehind, files } = sentFromHere.value;
  const all = new Map(files);
  for (const { files: some } of series.values())
    for (const found of some) all.set(found.ordinal, { studyInstanceUID, found });
  if (id === null) {
    sentFromHere.value = { sent, leftBehind, files: all };
    return;
  }
  const left = new Map(leftBehind);
  left.delete(studyInstanceUID);
  for (const { files: some } of series.values())
    for (const { sopInstanceUID } of some) left.delete(sopInstanceUID);
  for (const file of begun) left.delete(keyOf(file));
  sentFromHere.value = { sent: new Set(sent).add(id), leftBehind: left, files: all };
}

/** Before the page forgets them. */
export function noteLeftBehind(
  { sentFromHere }: State,
  studies: Iterable<{ readonly studyInstanceUID: string; readonly instances: number }>,
  refused: readonly Refused[],
): void {
  const { leftBehind, ...others } = sentFromHere.value;
  const left = new Map(leftBehind);
  for (const { studyInstanceUID, instances } of studies) left.set(studyInstanceUID, instances);
  for (const file of refused) left.set(keyOf(file), 1);
  sentFromHere.value = { ...others, leftBehind: left };
}

const keyOf = ({ path, begun }: Refused): string => begun?.sopInstanceUID ?? path;

/** Somebody else begins. */
export function forgetSentFromHere({ sentFromHere }: State): void {
  sentFromHere.value = NOTHING;
}
