/**
 * Counts failed offers of an instance to the PACS, and failed looks at what the PACS has of it: the request was cut,
 * timed out or was turned away, the PACS has no room, or it answered something else. Each counts, whatever the reason.
 * Offers are spread over hours, because a PACS that is ill for a while is no reason to give up. They also end, because
 * an instance that makes the PACS fail would be offered for ever. At the end a person decides (`pacs-fails-on-it`); it
 * is never called a refusal, because the PACS refused nothing.
 *
 * Two counts tell an ill PACS from an instance that makes it fail: all offers, and offers while the PACS took other
 * instances. Once it takes others again after an illness, only the second count decides how long to wait.
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
import type { InstanceChange, InstanceRow } from '../stores/instance.store.ts';

/**
 * After this many failed offers an instance is offered alone, so that only the one on which the PACS fails is counted.
 */
export const OFFERS_IN_COMPANY = 2;
/**
 * Offers before giving up if the PACS took other instances during half of them. With the pauses this takes some two
 * hours.
 */
export const OFFERS_LIMIT = 8;
/**
 * Offers before giving up if the PACS takes nothing at all. With the pauses this takes a day, so a disk that is full
 * overnight does not matter.
 */
export const OFFERS_LIMIT_WHEN_ILL = 30;

type Offered = Pick<InstanceRow, 'offers' | 'offers_amid' | 'offered_minute'>;

/** `tookOthers`: the PACS took other instances after this one's last offer. */
type Now = { readonly minutes: number; readonly tookOthers: boolean };

/**
 * Minutes until the instance may be offered again; 0: now. `pauses`: the waits after the first offer, the second and so
 * on; the last one repeats.
 */
export function minutesUntilDue(row: Offered, now: Now, pauses: readonly number[]): number {
  const offers = now.tookOthers ? row.offers_amid : row.offers;
  const pause = offers === 0 ? 0 : (pauses[Math.min(offers, pauses.length) - 1] ?? 0);
  return Math.max(0, row.offered_minute + pause - now.minutes);
}

/**
 * Counts one more offer, and ends the instance's way when the limit is reached. `isItsFault`: the PACS took other
 * instances, or answers without giving this one.
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
 * The store was refused like a failed sign-in, and the PACS took no other instance meanwhile, so the refusal says
 * nothing about this instance. It does not count as an attempt. The count only grows until the instance is offered
 * alone, after those that are not yet offered alone.
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

/** The PACS, or a proxy in front of it, does not let the gateway in. */
export const isSignInRefused = (error: unknown): boolean =>
  error instanceof PacsUnreachable && whyAway(error) === 'pacs-refuses-sign-in';

/**
 * Error names from fetch, the system and the gateway's own guard for a PACS that was never reached, or a folder that is
 * ill.
 */
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

/** Whether the request reached anybody. If so, it may have failed because of its content. */
export function wasHeard(error: unknown): boolean {
  return error instanceof PacsUnreachable && !NOT_SPOKEN_TO.includes(error.connection ?? '');
}

/**
 * A request was heard and not answered in time, though a smaller one may be: nothing came, or a proxy gave up waiting
 * (408, 504).
 */
export function isTimeOut(error: unknown): boolean {
  if (!(error instanceof PacsUnreachable) || !wasHeard(error)) return false;
  return error.status === 408 || error.status === 504 || isSilence(error);
}
