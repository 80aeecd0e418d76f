/**
 * Measures the connection, and derives from it the size of a piece and the number of simultaneous parcels. All
 * uploads of a device use the same instance, because they share the connection.
 *  A piece takes at most a few seconds. This keeps the pause between pieces small and progress visible, and a request
 * ends before a proxy ends it. On a fast connection a piece is a whole parcel. Simultaneous parcels use the time of a
 * round trip (bandwidth-delay product).
 */
import type { Diagnosis } from '../queue/queued-study.ts';
import { createLinkMeter, WINDOW_MS, type LinkMeter } from './link-meter.ts';
import { createProxyEvidence, type Death, type ProxyEvidence } from './proxy-evidence.ts';

export interface Pace {
  /** The size of the next piece of a parcel with `left` bytes to send. It leaves no tiny last piece. */
  pieceBytes(left: number): number;
  parcelsAtOnce(): number;
  /** Bytes per second of all parcels together; null while it would be a guess. */
  bytesPerSecond(): number | null;
  /** Notes that a request begins. The caller calls one of the two returned functions when it ends. */
  begin(): Ended;
  /** Notes a 413 from a proxy, for a body of this size. */
  tooLarge(bytes: number): void;
  /** True: something else answered in place of the gateway. False: the gateway itself answered. */
  foreign(isForeign: boolean): void;
  diagnosis(): Diagnosis | null;
}

export interface Ended {
  /** The request was answered, and this many bytes of its body were accepted. */
  answered(bytes: number): void;
  /**
   * There was no answer. The caller calls the returned function once the gateway has said how many bytes it kept;
   * null if that is unknown.
   */
  died(death: Pick<Death, 'bytes' | 'left'>): (kept: number | null) => void;
}

interface PaceTools {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /**
   * Called with the capacity of the connection: the rate of all requests together, or of the fastest recent piece,
   * because a busy gateway answers late even on the fastest connection.
   */
  onRate(bytesPerSecond: number): void;
  onDiagnosis(diagnosis: Diagnosis | null): void;
}

/**
 * A tablet can spare 16 MiB of memory for each parcel in transit, which is a whole parcel. Below 64 KiB the headers
 * outweigh the bytes.
 */
const PIECE_BYTES = { first: 2 * 1024 * 1024, least: 64 * 1024, most: 16 * 1024 * 1024 } as const;
/** A piece of 4 s shows progress on the slowest connection and keeps the pause between pieces small on the fastest. */
const PIECE_AIM_MS = 4_000;
/** A last piece may be larger than usual by this factor, because a remainder of 100 bytes would cost a round trip. */
const REST_RATIO = 1.25;
/**
 * One parcel that sends while another waits for its answer keeps most connections busy. Each further parcel needs
 * memory for a piece.
 */
const PARCELS = { least: 2, most: 6 } as const;
/** On a connection of 16 kB/s a second parcel only delays the first. */
const LONELY_BYTES_PER_SECOND = 16 * 1024;
/**
 * A piece of this size measures the capacity of the connection, however soon it arrived. A smaller one only measures
 * the round trip.
 */
const TELLING_BYTES = 256 * 1024;
/** The rate is reported when it has changed by this factor. */
const TELL_RATIO = 1.2;
/** The assumed round trip until one was measured. */
const ROUND_TRIP_MS = 150;

type FastPiece = { readonly at: number; readonly rate: number };

/** What was measured about the connection so far. */
interface Learned {
  readonly tools: PaceTools;
  readonly evidence: ProxyEvidence;
  readonly meter: LinkMeter;
  /** The size of a piece in bytes, before the limits apply. */
  size: number;
  shortestMs: number;
  /**
   * The size of the last answered request in bytes. Small parcels are answered so soon that more of them fit into a
   * round trip.
   */
  usual: number;
  fastest: FastPiece | null;
  isForeign: boolean;
  told: { readonly rate: number; readonly diagnosis: Diagnosis | null };
}

export function createPace(tools: PaceTools): Pace {
  const evidence = createProxyEvidence();
  const meter = createLinkMeter(tools.now);
  const learned: Learned = {
    tools,
    evidence,
    meter,
    size: PIECE_BYTES.first,
    shortestMs: ROUND_TRIP_MS,
    usual: PIECE_BYTES.most,
    fastest: null,
    isForeign: false,
    told: { rate: 0, diagnosis: null },
  };
  return {
    pieceBytes(left) {
      const most = within(evidence, learned.size);
      return left <= most * REST_RATIO && left <= evidence.bytesLimit ? left : Math.min(left, most);
    },
    parcelsAtOnce: () => parcelsAtOnce(learned),
    bytesPerSecond: () => meter.bytesPerSecond(),
    begin: () => begin(learned),
    tooLarge(bytes) {
      evidence.tooLarge(bytes);
      learned.size = within(evidence, learned.size);
      tell(learned);
    },
    foreign(isForeign) {
      learned.isForeign = isForeign;
      tell(learned);
    },
    diagnosis: () => diagnosisOf(learned),
  };
}

function within({ bytesLimit }: ProxyEvidence, bytes: number): number {
  return Math.round(Math.max(PIECE_BYTES.least, Math.min(PIECE_BYTES.most, bytesLimit, bytes)));
}

function diagnosisOf({ isForeign, evidence }: Learned): Diagnosis | null {
  return isForeign ? 'proxy-answers' : evidence.diagnosis;
}

function parcelsAtOnce({ meter, evidence, size, shortestMs, usual }: Learned): number {
  const rate = meter.bytesPerSecond();
  if (rate === null) return PARCELS.least + 1;
  if (rate < LONELY_BYTES_PER_SECOND) return 1;
  const inRoundTrip = (rate * shortestMs) / 1000;
  const inFlight = Math.ceil(inRoundTrip / Math.min(within(evidence, size), usual));
  return Math.min(PARCELS.most, PARCELS.least + inFlight);
}

function begin(learned: Learned): Ended {
  const { tools, meter } = learned;
  const startedAt = tools.now();
  meter.begin();
  return {
    answered(bytes) {
      meter.end(bytes);
      if (bytes > 0) noteTaken(learned, bytes, tools.now() - startedAt);
      tell(learned);
    },
    died({ bytes, left }) {
      meter.end(0);
      const at = tools.now();
      return (kept) => {
        if (kept !== null) noteDeath(learned, { bytes, left, ms: at - startedAt, kept, at });
      };
    },
  };
}

function noteTaken(learned: Learned, bytes: number, ms: number): void {
  const { evidence, size } = learned;
  evidence.survived(bytes, ms);
  learned.usual = bytes;
  learned.shortestMs = Math.min(learned.shortestMs, Math.max(1, ms));
  noteFastest(learned, bytes, Math.max(1, ms));
  // A short remainder of a parcel says little about the connection.
  if (bytes < size / 2) return;
  const fitting = (bytes / Math.max(1, ms)) * Math.min(PIECE_AIM_MS, evidence.msLimit);
  // The size at most doubles or halves each time, so that one exceptional piece does not decide.
  learned.size = within(evidence, Math.min(size * 2, Math.max(size / 2, fitting)));
}

function noteFastest(learned: Learned, bytes: number, ms: number): void {
  const at = learned.tools.now();
  const rate = (bytes * 1000) / ms;
  if (learned.fastest !== null && at - learned.fastest.at > WINDOW_MS) learned.fastest = null;
  if (bytes >= TELLING_BYTES && rate >= (learned.fastest?.rate ?? 0)) learned.fastest = { at, rate };
}

function noteDeath(learned: Learned, death: Death): void {
  const { evidence, meter } = learned;
  const { bytes, left, ms, kept } = death;
  meter.credit(kept);
  evidence.died(death);
  // If bytes reach the gateway while they are being sent, a large piece that dies loses no more than a small one.
  if (kept === 0) learned.size = Math.min(learned.size, bytes) / 2;
  const arrived = kept || (left ?? bytes);
  const fitting = (arrived / Math.max(1, ms)) * evidence.msLimit;
  learned.size = within(evidence, Math.min(learned.size, fitting));
  tell(learned);
}

function tell(learned: Learned): void {
  const { tools, meter, fastest, told } = learned;
  const rate = Math.max(meter.bytesPerSecond() ?? 0, fastest?.rate ?? 0);
  if (rate > 0 && (rate > told.rate * TELL_RATIO || rate < told.rate / TELL_RATIO)) {
    learned.told = { ...learned.told, rate };
    tools.onRate(Math.round(rate));
  }
  const diagnosis = diagnosisOf(learned);
  if (diagnosis !== told.diagnosis) {
    learned.told = { ...learned.told, diagnosis };
    tools.onDiagnosis(diagnosis);
  }
}
