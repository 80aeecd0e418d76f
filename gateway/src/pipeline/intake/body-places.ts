/**
 * Places for requests that bring pieces of parcels: each holds 1.2 MB while it is open (a record of a sealed parcel,
 * and what was read ahead), and may say nothing for five minutes. Beyond them a request is refused before its body
 * is read; the device comes back and resumes.
 */
import { Problem } from '#shared/protocol/problem.ts';

export type PlacesLimit = {
  readonly atOnce: number;
  /** Of one account: the others have the rest. */
  readonly ofOne: number;
};

/** 300 MB at most. A device sends a few pieces at once, and a ward's tablets may share an account. */
export const PLACES: PlacesLimit = { atOnce: 256, ofOne: 96 };

/** Seconds. */
const COME_BACK_AFTER = '2';

/** Takes a place; returns the function that frees it. @throws Problem rate-limited: none is free. */
export type BodyPlaces = (account: string) => () => void;

export function createBodyPlaces({ atOnce, ofOne }: PlacesLimit = PLACES): BodyPlaces {
  const taken = new Map<string, number>();
  let inAll = 0;
  const add = (account: string, one: 1 | -1): void => {
    inAll += one;
    const own = (taken.get(account) ?? 0) + one;
    if (own === 0) taken.delete(account);
    else taken.set(account, own);
  };
  return (account) => {
    if (inAll >= atOnce || (taken.get(account) ?? 0) >= ofOne)
      throw new Problem('rate-limited', undefined, { 'Retry-After': COME_BACK_AFTER });
    add(account, 1);
    return () => add(account, -1);
  };
}
