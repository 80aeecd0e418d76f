/**
 * How fast the link is, and what follows from it: the bytes of one piece and the parcels at once. Shared by
 * everything that one device sends, for they share the link.
 *
 * A piece takes some seconds at most, so that the pause between pieces is small, progress shows and a request
 * ends before somebody on the way ends it; on a fast link that is a whole parcel. The parcels at once fill
 * the round trip of an answer (bandwidth-delay product).
 */
import type { Diagnosis } from '../queue/queued-study.ts';
import { createProxyEvidence, type Death } from './proxy-evidence.ts';

export interface Pace {
  /**
   * Bytes of the next piece, for a parcel that still has `left`: no last piece of a few bytes is left behind.
   */
  pieceBytes(left: number): number;
  parcelsAtOnce(): number;
  /** Bytes per second of all parcels together; null while it would be a guess. */
  bytesPerSecond(): number | null;
  /** A request begins; to be called when it ends, however it ends. */
  begin(): Ended;
  /** 413 from somebody between. */
  tooLarge(bytes: number): void;
  /** Something else answered in the gateway's place, or the gateway did. */
  foreign(isForeign: boolean): void;
  diagnosis(): Diagnosis | null;
}

/**
 * `answered`: so many bytes of a body were taken. `died`: no answer; told when the gateway has said what it
 * has of it, null where it cannot be known.
 */
export interface Ended {
  answered(bytes: number): void;
  died(death: Pick<Death, 'bytes' | 'left'>): (kept: number | null) => void;
}

export interface PaceTools {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /**
   * What the link can carry: the pace of all together or of the fastest piece lately, for a gateway that is
   * busy answers late on the fastest link.
   */
  onRate(bytesPerSecond: number): void;
  onDiagnosis(diagnosis: Diagnosis | null): void;
}

/**
 * 16 MiB in memory for each parcel under way is what a tablet spares, and a whole parcel; below 64 KiB the
 * headers weigh more than the bytes.
 */
const PIECE_BYTES = { first: 2 * 1024 * 1024, least: 64 * 1024, most: 16 * 1024 * 1024 } as const;
/**
 * A piece that takes 4 s shows progress on the slowest link and makes the pause between pieces small on the
 * fastest.
 */
const PIECE_AIM_MS = 4_000;
/** Of the last piece: one of 100 bytes costs a round trip. */
const REST_RATIO = 1.25;
/**
 * One that sends while another waits for its answer keeps most links full; each more costs a piece of memory.
 */
const PARCELS = { least: 2, most: 6 } as const;
/** On a link of 16 kB/s a second parcel only makes the first one late. */
const LONELY_BYTES_PER_SECOND = 16 * 1024;
/**
 * Measured over so much time in which something moved: shorter and one piece decides, longer and it tells of
 * a link that is gone.
 */
const WINDOW_MS = 10_000;
const MEASURED_MS = 250;
/**
 * One piece of so many bytes says what the link can carry, however soon it was there: a smaller one says what
 * a round trip takes.
 */
const TELLING_BYTES = 256 * 1024;
/** The rate is told when it has changed by so much. */
const TELL_RATIO = 1.2;
/** What a round trip takes until one was seen. */
const ROUND_TRIP_MS = 150;

type Sample = { readonly busyMs: number; readonly bytes: number };
type FastPiece = { readonly at: number; readonly rate: number };

/** Bytes per time in which at least one request was under way. */
function createMeter(now: () => number) {
  let samples: Sample[] = [{ busyMs: 0, bytes: 0 }];
  let [busyMs, underWay, since] = [0, 0, 0];
  const tick = (): void => {
    const at = now();
    if (underWay > 0) busyMs += Math.max(0, at - since);
    since = at;
  };
  return {
    begin() {
      tick();
      underWay += 1;
    },
    end(bytes: number) {
      tick();
      underWay -= 1;
      samples.push({ busyMs, bytes });
      while (samples.length > 2 && samples[1]!.busyMs < busyMs - WINDOW_MS) samples.shift();
    },
    /** Bytes that arrived with a request that ended without an answer. */
    credit(bytes: number) {
      samples.push({ busyMs, bytes });
    },
    bytesPerSecond(): number | null {
      const ms = busyMs - samples[0]!.busyMs;
      if (ms < MEASURED_MS) return null;
      return (samples.slice(1).reduce((sum, { bytes }) => sum + bytes, 0) * 1000) / ms;
    },
  };
}

export function createPace(tools: PaceTools): Pace {
  const evidence = createProxyEvidence();
  const meter = createMeter(tools.now);
  let size: number = PIECE_BYTES.first;
  let shortest = ROUND_TRIP_MS;
  /**
   * Of the last request that was answered: small parcels are answered so soon that more of them fill the
   * round trip.
   */
  let usual: number = PIECE_BYTES.most;
  let fastest: FastPiece | null = null;
  let isForeign = false;
  let told: { rate: number; diagnosis: Diagnosis | null } = { rate: 0, diagnosis: null };

  const within = (bytes: number): number =>
    Math.round(Math.max(PIECE_BYTES.least, Math.min(PIECE_BYTES.most, evidence.bytesLimit, bytes)));
  const diagnosis = (): Diagnosis | null => (isForeign ? 'proxy-answers' : evidence.diagnosis);

  function tell(): void {
    const rate = Math.max(meter.bytesPerSecond() ?? 0, fastest?.rate ?? 0);
    if (rate > 0 && (rate > told.rate * TELL_RATIO || rate < told.rate / TELL_RATIO)) {
      told = { ...told, rate };
      tools.onRate(Math.round(rate));
    }
    if (diagnosis() !== told.diagnosis) {
      told = { ...told, diagnosis: diagnosis() };
      tools.onDiagnosis(told.diagnosis);
    }
  }

  function noteFastest(bytes: number, ms: number): void {
    const [at, rate] = [tools.now(), (bytes * 1000) / ms];
    if (fastest !== null && at - fastest.at > WINDOW_MS) fastest = null;
    if (bytes >= TELLING_BYTES && rate >= (fastest?.rate ?? 0)) fastest = { at, rate };
  }

  function measured(bytes: number, ms: number): void {
    evidence.survived(bytes, ms);
    usual = bytes;
    shortest = Math.min(shortest, Math.max(1, ms));
    noteFastest(bytes, Math.max(1, ms));
    const fitting = (bytes / Math.max(1, ms)) * Math.min(PIECE_AIM_MS, evidence.msLimit);
    // At most doubled or halved at a time: one lucky or unlucky piece decides nothing. A short rest of a
    // parcel says little.
    if (bytes >= size / 2) size = within(Math.min(size * 2, Math.max(size / 2, fitting)));
  }

  return {
    pieceBytes: (left) =>
      left <= within(size) * REST_RATIO && left <= evidence.bytesLimit ? left : Math.min(left, within(size)),
    parcelsAtOnce() {
      const rate = meter.bytesPerSecond();
      if (rate === null) return PARCELS.least + 1;
      if (rate < LONELY_BYTES_PER_SECOND) return 1;
      const inRoundTrip = (rate * shortest) / 1000;
      return Math.min(PARCELS.most, PARCELS.least + Math.ceil(inRoundTrip / Math.min(within(size), usual)));
    },
    bytesPerSecond: () => meter.bytesPerSecond(),
    begin() {
      const startedAt = tools.now();
      meter.begin();
      return {
        answered(bytes) {
          meter.end(bytes);
          if (bytes > 0) measured(bytes, tools.now() - startedAt);
          tell();
        },
        died({ bytes, left }) {
          meter.end(0);
          const ms = tools.now() - startedAt;
          const at = tools.now();
          return (kept) => {
            if (kept === null) return;
            meter.credit(kept);
            evidence.died({ bytes, left, ms, kept, at });
            // What reaches the gateway as it is sent loses nothing by its size.
            if (kept === 0) size = Math.min(size, bytes) / 2;
            size = within(Math.min(size, ((kept || (left ?? bytes)) / Math.max(1, ms)) * evidence.msLimit));
            tell();
          };
        },
      };
    },
    tooLarge(bytes) {
      evidence.tooLarge(bytes);
      size = within(size);
      tell();
    },
    foreign(now) {
      isForeign = now;
      tell();
    },
    diagnosis,
  };
}
