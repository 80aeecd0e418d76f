/**
 * Offers of an instance to the PACS, and looks at what the PACS has of it, that settle nothing: the request was cut,
 * fell silent or was turned away, the PACS has no room, or it answered something else. Each is counted, whatever the
 * reason. They are spread over hours, because a PACS that is ill for a while is no reason to give up. And they end,
 * because an instance on which it fails would be offered for ever. The end is for a person (`pacs-fails-on-it`),
 * never a refusal: the PACS said none.
 *
 * Two counts tell an illness of the PACS from an instance on which it fails: all offers, and those while it took
 * others. As soon as it takes others again after an illness, only the second one says how long to wait.
 */
import {
  ASSOCIATION_REFUSED,
  UNKNOWN_CALLED_AE,
  UNKNOWN_CALLING_AE,
} from '../../dimse/association-failed.ts';
import {
  isSilence,
  MALFORMED_TOKEN,
  NO_DESTINATION,
  NO_TOKEN,
  NOT_ASKED,
  PacsUnreachable,
  SECRETS_UNREADABLE,
  FOLDER_OVERFULL,
  FOLDERS_NOT_ALLOWED,
  FOREIGN_ENTRY,
} from '../../ports/pacs/pacs.ts';
import { whyAway } from '../../ports/pacs/why-away.ts';
import { BLOCKED } from '../../refuse-link-local.ts';
import type { InstanceChange, InstanceRow } from '../instance.store.ts';

/** From then on it is offered alone, so that only the one on which the PACS fails is counted. */
export const OFFERS_IN_COMPANY = 2;
/** Enough if the PACS took others during half of them: with the pauses some two hours. */
export const OFFERS_LIMIT = 8;
/** Enough, if it takes nothing at all: with the pauses a day, and over a night its disk may be full. */
export const OFFERS_LIMIT_WHEN_ILL = 30;

type Offered = Pick<InstanceRow, 'offers' | 'offers_amid' | 'offered_minute'>;

/** `tookOthers`: after its last offer. */
type Now = { readonly minutes: number; readonly tookOthers: boolean };

/**
 * Minutes until it may be offered again; 0: now. `pauses`: after the first offer, the second, …; the last one
 * repeats.
 */
export function minutesUntilDue(row: Offered, now: Now, pauses: readonly number[]): number {
  const offers = now.tookOthers ? row.offers_amid : row.offers;
  const pause = offers === 0 ? 0 : (pauses[Math.min(offers, pauses.length) - 1] ?? 0);
  return Math.max(0, row.offered_minute + pause - now.minutes);
}

/**
 * Counts one more offer, and ends the instance's way if there were enough. `isItsFault`: the PACS took others, or
 * answers and does not give this one.
 */
export function countOffer(
  row: Pick<InstanceRow, 'id' | 'offers' | 'offers_amid'>,
  isItsFault: boolean,
  waitsAs: 'received' | 'posted' = 'received',
): InstanceChange {
  const offers = { all: row.offers + 1, amid: row.offers_amid + (isItsFault ? 1 : 0) };
  const isItsOwn = offers.all >= OFFERS_LIMIT && offers.amid * 2 >= offers.all;
  return isItsOwn || offers.all >= OFFERS_LIMIT_WHEN_ILL
    ? { id: row.id, state: 'quarantined', reason: 'pacs-fails-on-it', offers }
    : { id: row.id, state: waitsAs, offers };
}

/**
 * A store was refused as a sign-in is, and the PACS took no other instance meanwhile: it says nothing about this one.
 * It is no attempt of the instance, whose count only grows until it is offered alone, after those that are not yet.
 */
export function setApart({
  id,
  offers,
  offers_amid: amid,
}: Omit<Offered, 'offered_minute'> & { readonly id: number }): InstanceChange {
  return {
    id,
    state: 'received',
    offers: { all: Math.max(offers, Math.min(offers + 1, OFFERS_IN_COMPANY + 1)), amid },
  };
}

/** The PACS, or a proxy before it, does not let the gateway in. */
export const isSignInRefused = (error: unknown): boolean =>
  error instanceof PacsUnreachable && whyAway(error) === 'pacs-refuses-sign-in';

/** The names that fetch, the system and the guard give to a PACS to which nobody spoke, or a folder that is ill. */
const NOT_SPOKEN_TO: readonly string[] = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  BLOCKED,
  NOT_ASKED,
  NO_DESTINATION,
  NO_TOKEN,
  MALFORMED_TOKEN,
  SECRETS_UNREADABLE,
  FOLDER_OVERFULL,
  FOLDERS_NOT_ALLOWED,
  FOREIGN_ENTRY,
  UNKNOWN_CALLED_AE,
  UNKNOWN_CALLING_AE,
  ASSOCIATION_REFUSED,
  'ENOENT',
  'ENOTDIR',
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOSPC',
  'EDQUOT',
];

/** Whether anybody heard the request: it may have failed because of what it carried. */
export function wasHeard(error: unknown): boolean {
  return error instanceof PacsUnreachable && !NOT_SPOKEN_TO.includes(error.connection ?? '');
}

/**
 * A request was heard and not answered in time, as a smaller one may be: silence, or a proxy that waited in vain (408,
 * 504).
 */
export function isTimeOut(error: unknown): boolean {
  if (!(error instanceof PacsUnreachable) || !wasHeard(error)) return false;
  return error.status === 408 || error.status === 504 || isSilence(error);
}
