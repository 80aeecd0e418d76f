/**
 * Offers that bring no answer about an instance: the request was cut or fell silent, or the PACS answered
 * something else. They are counted and spread over hours, because a PACS that is ill for a while is no reason
 * to give up, and they end, because an instance on which it crashes would be offered for ever. The end is
 * for a person (`pacs-fails-on-it`), never a refusal: the PACS said none.
 */
import { PacsUnreachable } from '../../ports/pacs/pacs.ts';
import type { InstanceChange, InstanceRow } from '../instance.store.ts';

/** From then on it is offered alone, so that only the one on which the PACS fails is counted. */
export const OFFERS_IN_COMPANY = 2;
/** Enough, if the PACS takes others meanwhile: with the pauses some two hours. */
export const OFFERS_LIMIT = 8;
/** Enough, if it takes nothing at all: with the pauses a day, and over a night its disk may be full. */
export const OFFERS_LIMIT_WHEN_ILL = 30;

type Offered = Pick<InstanceRow, 'offers' | 'offered_at'>;

/** `pausesMs`: after the first offer, the second, …; the last one repeats. */
export function isDue({ offers, offered_at }: Offered, now: Date, pausesMs: readonly number[]): boolean {
  if (offers === 0 || offered_at === null) return true;
  const passed = now.getTime() - offered_at.getTime();
  // A clock that was set back would make it wait for as long.
  return passed < 0 || passed >= (pausesMs[Math.min(offers, pausesMs.length) - 1] ?? 0);
}

/** One more, and the end if there were enough. */
export function countOffer(
  row: Offered & { readonly id: number },
  now: Date,
  tookOthers: boolean,
): InstanceChange {
  const offers = { count: row.offers + 1, at: now };
  return offers.count >= (tookOthers ? OFFERS_LIMIT : OFFERS_LIMIT_WHEN_ILL)
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
