/**
 * Announces "this study changed" after the commit to all listeners, on every gateway of this database. It
 * carries no content: the listener reads the study's status, so a repeated message harms nothing. If messages
 * may have been missed (the connection to the other gateways was lost), listeners are told that any study may
 * have changed.
 */
import type { MessageChannel } from '../../database/message-channel.ts';

export type StudyChanges = {
  emit(studyId: string): void;
  /**
   * `anyStudy` is called when changes may have been missed; without it, nothing happens then. Returns the function that
   * ends the subscription.
   */
  subscribe(listener: (studyId: string) => void, anyStudy?: () => void): () => void;
};

/**
 * How long changes are gathered before the other gateways are told. A study of many parcels changes many times in a
 * moment, and a stream looks four times a second.
 */
const GATHER_MS = 50;
/** A UUID has 36 characters; a message has room for 7 999. */
const STUDIES_A_MESSAGE = 200;

/** `others`: null where this gateway is alone with its database. */
export function createStudyChanges(others: MessageChannel | null = null): StudyChanges {
  const listeners = new Set<{ one: (studyId: string) => void; any: () => void }>();
  const untold = new Set<string>();
  const tellHere = (studyId: string): void => {
    for (const { one } of listeners) one(studyId);
  };
  const tellOthers = (): void => {
    const studies = [...untold];
    untold.clear();
    for (let at = 0; at < studies.length; at += STUDIES_A_MESSAGE)
      void others?.say(studies.slice(at, at + STUDIES_A_MESSAGE).join(' '));
  };
  others?.hear(
    (message) => message.split(' ').forEach(tellHere),
    () => {
      for (const { any } of listeners) any();
    },
  );
  return {
    emit(studyId) {
      tellHere(studyId);
      if (others === null) return;
      if (untold.size === 0) setTimeout(tellOthers, GATHER_MS).unref();
      untold.add(studyId);
    },
    subscribe(one, any = () => undefined) {
      const listener = { one, any };
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
