/**
 * Remembers over a reload which studies a page has sent, so that the page can still say that their disc may go. Only
 * their ids in the queue are stored, in this window's storage, and only while the page lists no file that was not sent.
 * Otherwise the reloaded page says nothing about the disc.
 */
import { effect, type ReadonlySignal } from '@preact/signals';
import type { IngestStore } from '../pipeline/ingest/found/found-study.ts';
import { NOTHING_SENT, type SentFromHere } from '../pipeline/ingest/found/sent-from-here.ts';
import { hasNothing, pageOf } from './choice-outcomes.ts';

interface SentKeeping {
  readonly ingest: IngestStore;
  /** The account that is signed in; null: nobody is. */
  readonly account: ReadonlySignal<string | null>;
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  readonly now: () => number;
}

interface KeptSent {
  readonly account: string;
  readonly choices: SentFromHere['choices'];
  readonly sent: readonly (readonly [string, number])[];
}

const KEPT = 'relaypacs-sent';
/** A remembered choice expires after a long shift. */
const KEPT_MS = 12 * 60 * 60 * 1000;

export function keepSent({ ingest, account, storage, now }: SentKeeping): void {
  let isRead = false;
  effect(() => {
    const who = account.value;
    if (who === null && !isRead) return;
    if (!isRead) {
      isRead = true;
      const before = readKept(storage.getItem(KEPT));
      const isTheirs = before?.account === who && (before?.choices.at(-1) ?? 0) + KEPT_MS > now();
      // Files that were chosen meanwhile begin their own choice.
      if (isTheirs && ingest.sentFromHere.peek() === NOTHING_SENT) ingest.restoreSent(toSent(before!));
    }
    const { choices, sent, leftBehind, clearings } = ingest.sentFromHere.value;
    const isWhole = sent.size > 0 && leftBehind.size + clearings === 0;
    if (who === null || !isWhole || !hasNothing(pageOf(ingest))) storage.removeItem(KEPT);
    else {
      storage.setItem(KEPT, JSON.stringify({ account: who, choices, sent: [...sent] } satisfies KeptSent));
    }
  });
}

/** Null where another version of the page wrote the text. */
function readKept(text: string | null): KeptSent | null {
  try {
    const kept = JSON.parse(text ?? 'null') as KeptSent | null;
    return kept !== null && isKept(kept) ? kept : null;
  } catch {
    return null;
  }
}

const isKept = ({ account, choices, sent }: KeptSent): boolean =>
  typeof account === 'string' && Array.isArray(choices) && Array.isArray(sent) && sent.every(Array.isArray);

const toSent = ({ choices, sent }: KeptSent): SentFromHere => ({
  ...NOTHING_SENT,
  choices,
  sent: new Map(sent),
});
