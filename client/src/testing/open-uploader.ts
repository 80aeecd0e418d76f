/** The tools of an uploader on a device that always has a link and whose person is signed in. */
import type { CarrierTools } from '../pipeline/upload/carry-study.ts';
import { createFollower } from '../pipeline/upload/follow-events.ts';

export function uploaderTools(
  given: Pick<CarrierTools, 'queue' | 'api' | 'clock'> & Partial<CarrierTools>,
): CarrierTools {
  const { api, clock, random = () => 0.5 } = given;
  return {
    ...{ random, patienceMs: Number.POSITIVE_INFINITY, awaitReceipts: true },
    follower: createFollower({ api, clock, random }),
    isOnline: () => true,
    signedIn: async () => undefined,
    ...{ onLink: () => undefined, onRate: () => undefined, onDiagnosis: () => undefined },
    ...given,
  };
}
