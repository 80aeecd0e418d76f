/**
 * What the deaths of requests say about the way to the gateway. One death says nothing: links are cut. The
 * same death three times, at the same age or above the same size, while other requests get through, is
 * somebody's setting; then pieces stay below it.
 *
 * Deaths within one moment count once, for a link that is cut ends everything at once.
 */
import type { Diagnosis } from '../queue/queued-study.ts';

export interface Death {
  /** Of the body. */
  readonly bytes: number;
  /** From its start to its end. */
  readonly ms: number;
  /** Bytes that had left the device, where somebody counts them. */
  readonly left: number | null;
  /** Bytes of it that the gateway has. */
  readonly kept: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface ProxyEvidence {
  died(death: Death): void;
  /** A request of so many bytes was answered after so long. */
  survived(bytes: number, ms: number): void;
  /** 413 without a code of ours. */
  tooLarge(bytes: number): void;
  /** Pieces of more bytes are not sent; Infinity: nothing is known against them. */
  readonly bytesLimit: number;
  /** Pieces should not take longer, in milliseconds. */
  readonly msLimit: number;
  readonly diagnosis: Exclude<Diagnosis, 'proxy-answers'> | null;
}

const DEATHS_THAT_CONVINCE = 3;
/** Whole bodies are lost only where they are held back: two are enough, three would cost a third one. */
const LOST_BODIES_THAT_CONVINCE = 2;
const SAME_MOMENT_MS = 250;
/** Ages of requests that one timer ended differ by no more. */
const SAME_AGE = 1.25;
/** What dies sooner was not ended by a timer that is worth a name. */
const TIMER_LEAST_MS = 1_000;
/**
 * So much has left, or would have in that time, that some of it must have reached the gateway, were it not
 * held back.
 */
const SURELY_ARRIVED = { bytes: 256 * 1024, ms: 1_500 } as const;
/** A piece aims at this part of what was seen to die. */
const BELOW_AGE = 0.6;
/**
 * After so many pieces at a limit the double is tried, for the tablet may be in another network; later ever
 * less often.
 */
const PIECES_UNTIL_TRIED_AGAIN = { first: 64, most: 4096 } as const;
/** Nothing that is sent in one piece is larger or takes longer: beyond it a limit is none. */
const WORTH_A_LIMIT = { bytes: 16 * 1024 * 1024, ms: 60_000 } as const;

export function createProxyEvidence(): ProxyEvidence {
  /** Since the last request that lived longer, or was larger. */
  let sameAge: Death[] = [];
  let tooBig: Death[] = [];
  let lostBodies = 0;
  let lastAt = Number.NEGATIVE_INFINITY;
  /** The largest body that was answered since the first of `tooBig`. */
  let largest = 0;
  let [bytesLimit, msLimit] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let isBuffering = false;
  let patience: number = PIECES_UNTIL_TRIED_AGAIN.first;
  let untilTriedAgain = patience;

  function noteAge(death: Death): void {
    if (death.ms < TIMER_LEAST_MS) return;
    sameAge = [...sameAge, death].slice(-DEATHS_THAT_CONVINCE);
    const ages = sameAge.map(({ ms }) => ms);
    if (sameAge.length === DEATHS_THAT_CONVINCE && Math.max(...ages) <= Math.min(...ages) * SAME_AGE)
      msLimit = Math.min(...ages) * BELOW_AGE;
  }

  function noteBody(death: Death): void {
    if (death.kept > 0) {
      [lostBodies, isBuffering, tooBig] = [0, false, []];
      return;
    }
    const surelyArrived =
      death.ms >= SURELY_ARRIVED.ms && (death.left ?? SURELY_ARRIVED.bytes) >= SURELY_ARRIVED.bytes;
    if (surelyArrived) {
      lostBodies += 1;
      isBuffering ||= lostBodies >= LOST_BODIES_THAT_CONVINCE;
      return;
    }
    tooBig = [...tooBig.filter(({ bytes }) => bytes > largest), death];
    if (tooBig.length >= DEATHS_THAT_CONVINCE && largest > 0 && death.bytes > largest)
      bytesLimit = Math.min(bytesLimit, largest);
  }

  function tryAgain(): void {
    patience = Math.min(PIECES_UNTIL_TRIED_AGAIN.most, patience * 2);
    untilTriedAgain = patience;
    bytesLimit = bytesLimit * 2 < WORTH_A_LIMIT.bytes ? bytesLimit * 2 : Number.POSITIVE_INFINITY;
    msLimit = msLimit * 2 < WORTH_A_LIMIT.ms ? msLimit * 2 : Number.POSITIVE_INFINITY;
    [isBuffering, sameAge, lostBodies] = [false, [], 0];
  }

  return {
    died(death) {
      if (Math.abs(death.at - lastAt) < SAME_MOMENT_MS) return;
      lastAt = death.at;
      noteAge(death);
      noteBody(death);
    },
    survived(bytes, ms) {
      sameAge = sameAge.filter((death) => death.ms > ms);
      if (tooBig.length > 0) largest = Math.max(largest, bytes);
      if (tooBig.length > 0 && tooBig.every((death) => death.bytes <= largest)) [tooBig, largest] = [[], 0];
      if (bytes > bytesLimit) bytesLimit = Number.POSITIVE_INFINITY;
      if (ms > msLimit / BELOW_AGE) msLimit = Number.POSITIVE_INFINITY;
      untilTriedAgain -= 1;
      if (untilTriedAgain <= 0) tryAgain();
    },
    tooLarge(bytes) {
      bytesLimit = Math.floor(bytes / 2);
      untilTriedAgain = patience;
    },
    get bytesLimit() {
      return bytesLimit;
    },
    get msLimit() {
      return msLimit;
    },
    get diagnosis() {
      if (isBuffering) return 'proxy-buffers';
      if (bytesLimit < Number.POSITIVE_INFINITY) return 'proxy-limits-size';
      return msLimit < Number.POSITIVE_INFINITY ? 'proxy-cuts-long-requests' : null;
    },
  };
}
