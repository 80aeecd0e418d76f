/** Sends all that a queue of the command line holds, by the browser's own code. */
import { DIAGNOSES } from '../../client/src/pipeline/queue/diagnosis-words.ts';
import type { CarrierTools } from '../../client/src/pipeline/upload/carry-study.ts';
import { realClock } from '../../client/src/net/clock.ts';
import { createFollower } from '../../client/src/pipeline/upload/follow-events.ts';
import { createUploader } from '../../client/src/pipeline/upload/uploader.ts';
import type { Surroundings } from './command.ts';
import { SignedOut, type Connection } from './connect.ts';

/** A gateway that is restarted is met again; one that is gone is told after this. */
const PATIENCE_MS = 120_000;

/** Throws Unreachable, ReceiptFaulty, CopyUnreadable, SignedOut, and what the queue throws. */
export async function carryAll(
  { api }: Connection,
  { signal, say }: Pick<Surroundings, 'signal' | 'say'>,
  what: Pick<CarrierTools, 'queue' | 'awaitReceipts' | 'onRate' | 'announce'>,
): Promise<void> {
  const uploader = createUploader({
    ...what,
    api,
    clock: realClock,
    random: Math.random,
    patienceMs: PATIENCE_MS,
    follower: createFollower({ api, clock: realClock, random: Math.random }),
    isOnline: () => true,
    signedIn: async () => {
      throw new SignedOut();
    },
    onLink: () => undefined,
    onDiagnosis(diagnosis) {
      if (diagnosis !== null) say(`${DIAGNOSES[diagnosis].title} ${DIAGNOSES[diagnosis].next}`);
    },
  });
  await uploader.drain(signal);
}
