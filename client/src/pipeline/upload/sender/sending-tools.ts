/**
 * The tools of a sending worker, in the page and in the service worker alike: the database, the clocks and the
 * connection to the gateway.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { knownClockOffset, rememberClockOffset } from '../../queue/rows/kept-rights.ts';
import type { LocalDatabase } from '../../queue/rows/local-database.ts';
import type { SenderTools } from './create-sender.ts';
import { linkFactsOf } from '../../../net/metered.ts';
import { createServerClock } from '../../../net/server-clock.ts';

/** The API, through the app's own origin. */
const API = '/api';

export async function openSendingTools(database: LocalDatabase) {
  const monotonic = () => performance.now();
  const serverClock = createServerClock({
    wall: () => Date.now(),
    monotonic,
    keep(offsetMs) {
      void ignoreFailure(rememberClockOffset(database, offsetMs), 'the next answer brings it again');
    },
  });
  serverClock.recall((await knownClockOffset(database)) ?? 0);
  return {
    baseUrl: API,
    database,
    serverClock,
    monotonic,
    locks: navigator.locks,
    linkFacts: linkFactsOf(navigator),
    fetch: (...request: Parameters<typeof fetch>) => fetch(...request),
  } satisfies Partial<SenderTools>;
}
