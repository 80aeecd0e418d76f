/**
 * Places for requests whose bodies are passed on as they come. Each place holds 1.2 MB while it is open (a record of a
 * sealed parcel, and what was read ahead), and may be silent for five minutes. A request waits for its place with its
 * body unread, or is refused. A request that loses its place to others is cut; its device comes back and resumes.
 */
import type { Readable } from 'node:stream';
import { lostPlace, PacedPlaces, type Looking } from '../../http/paced-places.ts';
import type { Limits } from '../../http/places.ts';
import type { Sender } from '../stores/upload-owner.ts';
import { createCutBody, type CutBody } from './cut-body.ts';

/** 300 MB at most. A device sends a few pieces at once, and all tablets of a ward may share an account. */
const PLACES: Limits = { atOnce: 256, ofOne: 96 };
/** The least that a place must receive while others wait: 16 kB/s, half of what a poor mobile link has. */
const PACE_BYTES = 320_000;

const CREATED = 201;

type Bringing = {
  readonly request: Pick<Request, 'signal'>;
  readonly sender: Pick<Sender, 'accountId'>;
  /** Null: the request has no body, and needs no place. */
  readonly source: Readable | ReadableStream<Uint8Array> | null;
};

/** Gives the body to `work`. @throws what `work` throws, and Problem rate-limited, called-off. */
export type InPlace = (bringing: Bringing, work: (body: CutBody) => Promise<Response>) => Promise<Response>;

export function createBodyPlaces(limits = PLACES, looking: Looking = {}): InPlace {
  const places = new PacedPlaces(limits, { placeBytes: PACE_BYTES, ...looking });
  return async ({ request: { signal }, sender: { accountId: account }, source }, work) => {
    if (source === null) return work(createCutBody(null));
    let isLost = false;
    const lose = (): void => {
      isLost = true;
      body.stop();
    };
    const holder = await places.enter({ account, signal, size: 1, lose });
    const body = createCutBody(source, holder);
    try {
      const answer = await work(body);
      // The answer to a creation tells where to resume.
      if (!isLost || answer.status === CREATED) return answer;
    } catch (error) {
      if (!isLost) throw error;
    } finally {
      body.stop();
      holder.leave();
    }
    throw lostPlace();
  };
}
