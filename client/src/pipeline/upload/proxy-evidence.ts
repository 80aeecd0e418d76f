/**
 * Infers a proxy's settings from requests that die. One death proves nothing, because connections fail. Three deaths
 * at the same age or above the same size, while other requests get through, indicate a proxy's setting, and from then
 * on pieces stay below it.
 *  Simultaneous deaths count once, because a failing connection ends all requests at once.
 */
import type { Diagnosis } from '../queue/queued-study.ts';

export interface Death {
  /** Bytes of the body. */
  readonly bytes: number;
  /** The time from the start of the request to its end. */
  readonly ms: number;
  /** Bytes that had left the device; null if they cannot be counted. */
  readonly left: number | null;
  /** Bytes of the body that the gateway has. */
  readonly kept: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface ProxyEvidence {
  died(death: Death): void;
  /** A request of this many bytes was answered after this time. */
  survived(bytes: number, ms: number): void;
  /** 413 without one of our codes. */
  tooLarge(bytes: number): void;
  /** The largest piece that may be sent; Infinity: no limit is known. */
  readonly bytesLimit: number;
  /** The longest time that a piece should take, in milliseconds. */
  readonly msLimit: number;
  readonly diagnosis: Exclude<Diagnosis, 'proxy-answers'> | null;
}

const DEATHS_THAT_CONVINCE = 3;
/**
 * The whole body is lost only if a proxy buffers it, so two lost bodies are enough evidence, and a third would be
 * wasted.
 */
const LOST_BODIES_THAT_CONVINCE = 2;
const SAME_MOMENT_MS = 250;
/** The ages of requests that were ended by one timer differ by no more than this factor. */
const SAME_AGE = 1.25;
/** A request that dies sooner than this was not ended by a proxy's timer. */
const TIMER_LEAST_MS = 1_000;
/** After this many bytes or this much time, a part of the body must have reached the gateway unless it was buffered. */
const SURELY_ARRIVED = { bytes: 256 * 1024, ms: 1_500 } as const;
/** The duration of a piece is kept below this fraction of the age at which requests die. */
const BELOW_AGE = 0.6;
/**
 * After this many pieces at a limit, twice the limit is tried, because the tablet may be on another network. Later
 * this is tried less and less often.
 */
const PIECES_UNTIL_TRIED_AGAIN = { first: 64, most: 4096 } as const;
/** No piece is larger or takes longer than this, so a higher limit does not matter. */
const WORTH_A_LIMIT = { bytes: 16 * 1024 * 1024, ms: 60_000 } as const;

interface Observed {
  /** Deaths since the last request that survived longer. */
  sameAge: Death[];
  /** Deaths since the last larger request that was answered. */
  tooBig: Death[];
  lostBodies: number;
  lastAt: number;
  /** The largest body answered since the first of `tooBig`. */
  largest: number;
  bytesLimit: number;
  msLimit: number;
  isBuffering: boolean;
  patience: number;
  untilTriedAgain: number;
}

export function createProxyEvidence(): ProxyEvidence {
  const observed: Observed = {
    sameAge: [],
    tooBig: [],
    lostBodies: 0,
    lastAt: Number.NEGATIVE_INFINITY,
    largest: 0,
    bytesLimit: Number.POSITIVE_INFINITY,
    msLimit: Number.POSITIVE_INFINITY,
    isBuffering: false,
    patience: PIECES_UNTIL_TRIED_AGAIN.first,
    untilTriedAgain: PIECES_UNTIL_TRIED_AGAIN.first,
  };
  return {
    died(death) {
      if (Math.abs(death.at - observed.lastAt) < SAME_MOMENT_MS) return;
      observed.lastAt = death.at;
      noteAge(observed, death);
      noteBody(observed, death);
    },
    survived: (bytes, ms) => noteSurvivor(observed, bytes, ms),
    tooLarge(bytes) {
      observed.bytesLimit = Math.floor(bytes / 2);
      observed.untilTriedAgain = observed.patience;
    },
    get bytesLimit() {
      return observed.bytesLimit;
    },
    get msLimit() {
      return observed.msLimit;
    },
    get diagnosis() {
      if (observed.isBuffering) return 'proxy-buffers';
      if (observed.bytesLimit < Number.POSITIVE_INFINITY) return 'proxy-limits-size';
      return observed.msLimit < Number.POSITIVE_INFINITY ? 'proxy-cuts-long-requests' : null;
    },
  };
}

function noteAge(observed: Observed, death: Death): void {
  if (death.ms < TIMER_LEAST_MS) return;
  observed.sameAge = [...observed.sameAge, death].slice(-DEATHS_THAT_CONVINCE);
  const ages = observed.sameAge.map(({ ms }) => ms);
  if (ages.length === DEATHS_THAT_CONVINCE && Math.max(...ages) <= Math.min(...ages) * SAME_AGE)
    observed.msLimit = Math.min(...ages) * BELOW_AGE;
}

function noteBody(observed: Observed, death: Death): void {
  if (death.kept > 0) {
    observed.lostBodies = 0;
    observed.isBuffering = false;
    observed.tooBig = [];
    return;
  }
  const surelyArrived =
    death.ms >= SURELY_ARRIVED.ms && (death.left ?? SURELY_ARRIVED.bytes) >= SURELY_ARRIVED.bytes;
  if (surelyArrived) {
    observed.lostBodies += 1;
    observed.isBuffering ||= observed.lostBodies >= LOST_BODIES_THAT_CONVINCE;
    return;
  }
  const { largest } = observed;
  observed.tooBig = [...observed.tooBig.filter(({ bytes }) => bytes > largest), death];
  if (observed.tooBig.length >= DEATHS_THAT_CONVINCE && largest > 0 && death.bytes > largest)
    observed.bytesLimit = Math.min(observed.bytesLimit, largest);
}

function noteSurvivor(observed: Observed, bytes: number, ms: number): void {
  observed.sameAge = observed.sameAge.filter((death) => death.ms > ms);
  if (observed.tooBig.length > 0) {
    observed.largest = Math.max(observed.largest, bytes);
    if (observed.tooBig.every((death) => death.bytes <= observed.largest)) {
      observed.tooBig = [];
      observed.largest = 0;
    }
  }
  if (bytes > observed.bytesLimit) observed.bytesLimit = Number.POSITIVE_INFINITY;
  if (ms > observed.msLimit / BELOW_AGE) observed.msLimit = Number.POSITIVE_INFINITY;
  observed.untilTriedAgain -= 1;
  if (observed.untilTriedAgain <= 0) tryAgain(observed);
}

function tryAgain(observed: Observed): void {
  observed.patience = Math.min(PIECES_UNTIL_TRIED_AGAIN.most, observed.patience * 2);
  observed.untilTriedAgain = observed.patience;
  observed.bytesLimit = doubledBelow(observed.bytesLimit, WORTH_A_LIMIT.bytes);
  observed.msLimit = doubledBelow(observed.msLimit, WORTH_A_LIMIT.ms);
  observed.isBuffering = false;
  observed.sameAge = [];
  observed.lostBodies = 0;
}

function doubledBelow(limit: number, worthIt: number): number {
  return limit * 2 < worthIt ? limit * 2 : Number.POSITIVE_INFINITY;
}
