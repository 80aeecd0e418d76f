/** Asks the gateway for orders, and tells it which one a person chose. */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { orderChosenSchema, worklistSchema, type Order, type Worklist } from '#shared/protocol/worklist.ts';
import type { ApiClient } from '../../../net/api-client.ts';

const NOTHING_WAITS = 'a study can be sent without an order';

/** The orders of a range of days (YYYY-MM-DD, both included); null: the gateway was not reached, or has no answer. */
export async function askOrders(api: ApiClient, from: string, to = from): Promise<Worklist | null> {
  const path = `/worklist?from=${from}&to=${to}`;
  return (await ignoreFailure(api.json(path, worklistSchema), NOTHING_WAITS)) ?? null;
}

/** Returns the time that is written into the instances; null as above. */
export async function noteOrder(
  api: ApiClient,
  studyInstanceUID: string,
  order: Order,
): Promise<string | null> {
  const body = { studyInstanceUID, order };
  const noted = await ignoreFailure(
    api.json('/worklist/choices', orderChosenSchema, { body }),
    NOTHING_WAITS,
  );
  return noted?.chosenAt ?? null;
}
