/**
 * The bodies of requests that are held in memory: one budget of bytes for all routes of the process, and a share of it
 * for each account. Bodies that are passed on as they come, to a disk or to a parser of rows, are not held.
 *
 * A body has its room before it is read, by the length that it announces, and until the work with it is over. While
 * another one waits for that room, those that are still on their way must keep a pace; slower ones lose their room and
 * are refused, the largest first and no more than needed. So whoever sends slowly may do so while there is room for
 * everybody, and holds up nobody. Routes that take large bodies have a room of their own: an image for a model never
 * stands before a manifest.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { LOOK_MS, PacedPlaces, type Holder } from './paced-places.ts';
import type { Limits } from './places.ts';

const MIB = 1024 ** 2;

/** Below this a body has its room beside: thousands of them are less than one large one. */
const SMALL_BYTES = 64 * 1024;
/** The largest manifest has 12 MiB, an attachment 10. */
const MIDDLE_BYTES = 16 * MIB;

export type Budget = { readonly middle: Limits; readonly large: Limits };
/**
 * Four of the largest manifests, and two of the largest images. In memory each is there twice for a moment, when its
 * pieces are joined on their way to a thread: with more at once, a few accounts would take 300 MB.
 */
const BUDGET: Budget = {
  middle: { atOnce: 64 * MIB, ofOne: MIDDLE_BYTES },
  large: { atOnce: 104 * MIB, ofOne: 52 * MIB },
};

export type BodyToHold = {
  readonly request: Pick<Request, 'headers' | 'body' | 'signal'>;
  /** The account whose share it takes. */
  readonly from: string;
  /** Bytes of it that are in memory at once, at most. */
  readonly heldBytes: number;
  /** How often they are there until the work is over; once by default. */
  readonly times?: number;
};

/**
 * Gives the pieces of the body to `use`, until whose end they count as held. Throws what `use` throws, and Problem:
 * bad-request where there is no body; rate-limited, also out of `pieces`; called-off.
 */
export type HoldBody = <T>(
  body: BodyToHold,
  use: (pieces: AsyncIterable<Uint8Array>) => Promise<T>,
) => Promise<T>;

async function* piecesOf(
  body: AsyncIterable<Uint8Array>,
  sender: Holder,
  lost: Promise<never>,
): AsyncGenerator<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]();
  for (;;) {
    sender.wait();
    const { done, value } = await Promise.race([pieces.next(), lost]);
    sender.moved(value?.length ?? 0);
    if (done === true) return;
    yield value;
  }
}

async function holdIn<T>(
  places: PacedPlaces,
  { from: account, body, signal, size }: Announced,
  use: (pieces: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const { promise: lost, reject } = Promise.withResolvers<never>();
  // It may lose its room while nobody reads.
  void ignoreFailure(lost, 'whoever reads on is told');
  const lose = (): void => reject(new Problem('rate-limited', undefined, { 'Retry-After': '5' }));
  const sender = await places.enter({ account, signal, size, lose });
  const pieces = async function* () {
    yield* piecesOf(body, sender, lost);
    places.settle(sender);
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

export function createBodyHolder(budget = BUDGET, lookMs = LOOK_MS): HoldBody {
  const middle = new PacedPlaces(budget.middle, { lookMs });
  const large = new PacedPlaces(budget.large, { lookMs });
  return async ({ request: { headers, body, signal }, from, heldBytes, times = 1 }, use) => {
    if (body === null) throw new Problem('bad-request');
    const size = times * announcedBytes(headers, heldBytes);
    if (size <= SMALL_BYTES) return use(body);
    const room = times * heldBytes <= budget.middle.ofOne ? middle : large;
    return holdIn(room, { from, body, signal, size }, use);
  };
}

/** One that says nothing of its length may have them all. */
function announcedBytes(headers: Headers, most: number): number {
  const length = Number(headers.get('content-length') ?? NaN);
  return Number.isSafeInteger(length) && length >= 0 ? Math.min(length, most) : most;
}

/** Of this process. */
export const holdBody = createBodyHolder();
