/**
 * Limits the request bodies that are held in memory: one budget of bytes for all routes of the process, of which each
 * account may use a share. Bodies that are passed on as they come, to a disk or to a parser of rows, are not held.
 *
 * A body gets its room before it is read, according to the length that it announces, and keeps it until the work on it
 * is done. While another body waits for that room, those still being received must keep a pace, or they lose their room
 * and are refused (paced-places.ts). Small, medium, large and batch bodies have separate rooms, so that an image for a
 * model never delays a manifest.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { lostPlace, PacedPlaces, type Looking } from './paced-places.ts';
import type { Limits } from './places.ts';

const MIB = 1024 ** 2;

/** Bodies up to this size need no room: anybody may log in, and thousands of these are smaller than one large body. */
const FREE_BYTES = 4 * 1024;
const SMALL_BYTES = 64 * 1024;
/** The largest manifest has 12 MiB, an attachment 10. */
const MIDDLE_BYTES = 16 * MIB;

type Budget = Readonly<Record<'small' | 'middle' | 'large' | 'batch', Limits>>;
/**
 * Room for four of the largest manifests, one of the largest images, and one more in a batch. An image is in memory
 * twice for a moment, when its pieces are joined, and then its pixels take more than the file. With larger rooms, a few
 * accounts would take 300 MB.
 */
const BUDGET: Budget = {
  small: { atOnce: 16 * MIB, ofOne: 2 * MIB },
  middle: { atOnce: 64 * MIB, ofOne: MIDDLE_BYTES },
  large: { atOnce: 52 * MIB, ofOne: 52 * MIB },
  batch: { atOnce: 52 * MIB, ofOne: 52 * MIB },
};

type BodyToHold = {
  readonly request: Pick<Request, 'headers' | 'body' | 'signal'>;
  /** The account whose share it takes. */
  readonly from: string;
  /** The most bytes of the body that are in memory at once. */
  readonly heldBytes: number;
  /** How many copies of them are in memory until the work is done; one by default. */
  readonly times?: number;
  /** Nobody is waiting for the answer. */
  readonly isBatch?: boolean;
};

/**
 * Passes the pieces of the body to `use`; the body counts as held until `use` has finished. Throws what `use` throws,
 * and Problem: bad-request where there is no body; rate-limited, which `pieces` may throw too; called-off.
 */
export type HoldBody = <T>(
  body: BodyToHold,
  use: (pieces: AsyncIterable<Uint8Array>) => Promise<T>,
) => Promise<T>;

async function holdIn<T>(
  places: PacedPlaces,
  { from: account, body, signal, size }: Announced,
  use: (pieces: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const { promise: lost, reject } = Promise.withResolvers<never>();
  // The sender may lose its room while nothing reads the pieces.
  void ignoreFailure(lost, 'whoever reads on is told');
  const sender = await places.enter({ account, signal, size, lose: () => reject(lostPlace()) });
  const pieces = async function* () {
    const read = sender.read(body);
    for (;;) {
      const { done, value } = await Promise.race([read.next(), lost]);
      if (done === true) return;
      yield value;
    }
  };
  try {
    return await use(pieces());
  } finally {
    sender.leave();
  }
}

type Announced = {
  readonly from: string;
  readonly body: AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
  readonly size: number;
};

export function createBodyHolder(budget = BUDGET, looking: Looking = {}): HoldBody {
  const rooms = {
    small: new PacedPlaces(budget.small, looking),
    middle: new PacedPlaces(budget.middle, looking),
    large: new PacedPlaces(budget.large, looking),
    batch: new PacedPlaces(budget.batch, looking),
  };
  return async ({ request: { headers, body, signal }, from, heldBytes, times = 1, isBatch }, use) => {
    if (body === null) throw new Problem('bad-request');
    const size = times * announcedBytes(headers, heldBytes);
    if (size <= FREE_BYTES) return use(body);
    const byRoute = times * heldBytes <= budget.middle.ofOne ? 'middle' : isBatch ? 'batch' : 'large';
    return holdIn(rooms[size <= SMALL_BYTES ? 'small' : byRoute], { from, body, signal, size }, use);
  };
}

/** A body that announces no length may have up to `most` bytes. */
function announcedBytes(headers: Headers, most: number): number {
  const length = Number(headers.get('content-length') ?? NaN);
  return Number.isSafeInteger(length) && length >= 0 ? Math.min(length, most) : most;
}

/** The rooms shared by all requests of this process. */
export const holdBody = createBodyHolder();
