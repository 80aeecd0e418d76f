/**
 * Offers that bring no answer about an instance: the request was cut or fell silent, or the PACS answered
 * something else. They are counted and spread over hours, because a PACS that is ill for a while is no reason
 * to give up, and they end, because an instance on which it crashes would be offered for ever. The end is
 * for a person (`pacs-fails-on-it`), never a refusal: the PACS said none.
 *
 * Two counts tell an illness of the PACS from an instance on which it fails: all offers, and those while it took
 * others. As soon as it takes others again after an illness, only the second one says how long to wait.
 */
import { PacsUnreachable } from '../../ports/pacs/pacs.ts';
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

/** `pauses`: minutes after the first offer, the second, …; the last one repeats. */
export function isDue(row: Offered, now: Now, pauses: readonly number[]): boolean {
  const offers = now.tookOthers ? row.offers_amid : row.offers;
  const pause = offers === 0 ? 0 : (pauses[Math.min(offers, pauses.length) - 1] ?? 0);
  return now.minutes - row.offered_minute >= pause;
}

/** One more, and the end if there were enough. */
export function countOffer(
  row: Pick<InstanceRow, 'id' | 'offers' | 'offers_amid'>,
  tookOthers: boolean,
): InstanceChange {
  const offers = { all: row.offers + 1, amid: row.offers_amid + (tookOthers ? 1 : 0) };
  const isItsOwn = offers.all >= OFFERS_LIMIT && offers.amid * 2 >= offers.all;
  return isItsOwn || offers.all >= OFFERS_LIMIT_WHEN_ILL
    ? { id: row.id, state: 'quarantined', reason: 'pacs-fails-on-it', offers }
    : { id: row.id, state: 'received', offers };
}

/** A proxy's words for a backend that broke off or did not answer in time (RFC 9110 §15.6.3 and §15.6.5). */
const CUT_STATUS: readonly number[] = [502, 504];
/** The names that fetch and the system give a connection that broke off; `silent` is pacs-http's. */
const CUT_CONNECTION: readonly string[] = [
  'silent',
  'UND_ERR_SOCKET',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ECONNRESET',
  'EPIPE',
];

/** Whether the PACS may have failed on the request itself. A PACS that is away fails on none. */
export function isCut(error: unknown): boolean {
  if (!(error instanceof PacsUnreachable)) return false;
  return CUT_STATUS.includes(error.status ?? 0) || CUT_CONNECTION.includes(error.connection ?? '');
}
