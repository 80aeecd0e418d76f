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
import { createPlaces, type Limits, type Places } from './places.ts';

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

/** A pause of a link that is no worse than this is no reason to refuse. */
const LOOK_MS = 2_000;
/** The pace of bodies while others wait fills their room in this time. */
const WHOLE_WITHIN_MS = 20_000;

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

/** A body that comes in, and how fast it did since somebody last looked. */
class Coming {
  readonly size: number;
  isSlow = false;
  readonly #lost = Promise.withResolvers<never>();
  #bytes = 0;
  /** The time in which its sender was waited for. */
  #waitedMs = 0;
  #since: number | null = null;

  constructor(size: number) {
    this.size = size;
    // It may lose its room while nobody reads.
    void ignoreFailure(this.#lost.promise, 'whoever reads on is told');
  }

  async *pieces(body: AsyncIterable<Uint8Array>, whenWhole: () => void): AsyncGenerator<Uint8Array> {
    const pieces = body[Symbol.asyncIterator]();
    for (;;) {
      this.#since = performance.now();
      const { done, value } = await Promise.race([pieces.next(), this.#lost.promise]);
      this.#waitedMs += performance.now() - this.#since;
      this.#since = null;
      if (done === true) return whenWhole();
      this.#bytes += value.length;
      yield value;
    }
  }

  /** Judges it by the time since the last look, where that was long enough. */
  look(lookMs: number): void {
    const now = performance.now();
    const waitedMs = this.#waitedMs + (this.#since === null ? 0 : now - this.#since);
    if (waitedMs < lookMs) return;
    this.isSlow = this.#bytes / waitedMs < this.size / WHOLE_WITHIN_MS;
    this.#bytes = 0;
    this.#waitedMs = 0;
    if (this.#since !== null) this.#since = now;
  }

  lose(): void {
    this.#lost.reject(new Problem('rate-limited', undefined, { 'Retry-After': '5' }));
  }
}

class BodyRoom {
  readonly #places: Places;
  readonly #lookMs: number;
  readonly #coming = new Set<Coming>();

  constructor(limits: Limits, lookMs: number) {
    this.#places = createPlaces(limits);
    this.#lookMs = lookMs;
  }

  async hold<T>(
    { from, body, signal, size }: Announced,
    use: (pieces: AsyncIterable<Uint8Array>) => Promise<T>,
  ): Promise<T> {
    const leave = await this.#enter(from, signal, size);
    const coming = new Coming(size);
    this.#coming.add(coming);
    const forget = (): void => void this.#coming.delete(coming);
    try {
      return await use(coming.pieces(body, forget));
    } finally {
      forget();
      leave();
    }
  }

  async #enter(from: string, signal: AbortSignal, size: number): Promise<() => void> {
    const entering = this.#places.enter(from, signal, size);
    this.#endSlow();
    const looking = setInterval(() => this.#endSlow(), this.#lookMs);
    return entering.finally(() => clearInterval(looking));
  }

  #endSlow(): void {
    let short = this.#places.shortOf();
    if (short <= 0) return;
    for (const coming of this.#coming) coming.look(this.#lookMs);
    const slow = [...this.#coming].filter(({ isSlow }) => isSlow).sort((a, b) => b.size - a.size);
    for (const coming of slow) {
      if (short <= 0) return;
      short -= coming.size;
      this.#coming.delete(coming);
      coming.lose();
    }
  }
}

type Announced = {
  readonly from: string;
  readonly body: AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
  readonly size: number;
};

export function createBodyHolder(budget = BUDGET, lookMs = LOOK_MS): HoldBody {
  const middle = new BodyRoom(budget.middle, lookMs);
  const large = new BodyRoom(budget.large, lookMs);
  return async ({ request: { headers, body, signal }, from, heldBytes, times = 1 }, use) => {
    if (body === null) throw new Problem('bad-request');
    const size = times * announcedBytes(headers, heldBytes);
    if (size <= SMALL_BYTES) return use(body);
    const room = times * heldBytes <= budget.middle.ofOne ? middle : large;
    return room.hold({ from, body, signal, size }, use);
  };
}

/** One that says nothing of its length may have them all. */
function announcedBytes(headers: Headers, most: number): number {
  const length = Number(headers.get('content-length') ?? NaN);
  return Number.isSafeInteger(length) && length >= 0 ? Math.min(length, most) : most;
}

/** Of this process. */
export const holdBody = createBodyHolder();
