/**
 * Everything that was chosen on this page since somebody signed in: the studies that were sent, and the files that were
 * left behind. In memory alone: a page that does not know all of it does not say that the files or the disc may go.
 */
import { signal, type Signal } from '@preact/signals';

export interface SentFromHere {
  /** Their ids in the queue. */
  readonly sent: ReadonlySet<string>;
  /** By Study Instance UID or path, the files that were cleared from the page, or could not be sent. */
  readonly leftBehind: ReadonlyMap<string, number>;
}

const NOTHING: SentFromHere = { sent: new Set(), leftBehind: new Map() };

export const createSentFromHere = (): Signal<SentFromHere> => signal(NOTHING);

type State = { readonly sentFromHere: Signal<SentFromHere> };

export function noteSent(
  { sentFromHere }: State,
  id: string,
  of: { readonly studyInstanceUID: string },
): void {
  const { sent, leftBehind } = sentFromHere.value;
  const left = new Map(leftBehind);
  left.delete(of.studyInstanceUID);
  sentFromHere.value = { sent: new Set(sent).add(id), leftBehind: left };
}

/** Before the page forgets them. */
export function noteLeftBehind(
  { sentFromHere }: State,
  studies: Iterable<{ readonly studyInstanceUID: string; readonly instances: number }>,
  refused: readonly { readonly path: string }[],
): void {
  const { sent, leftBehind } = sentFromHere.value;
  const left = new Map(leftBehind);
  for (const { studyInstanceUID, instances } of studies) left.set(studyInstanceUID, instances);
  for (const { path } of refused) left.set(path, 1);
  sentFromHere.value = { sent, leftBehind: left };
}

/** Somebody else begins. */
export function forgetSentFromHere({ sentFromHere }: State): void {
  sentFromHere.value = NOTHING;
}
