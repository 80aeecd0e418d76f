/**
 * Measures the link and derives from it the size of a piece and the number of simultaneous parcels. Shared by
 * all uploads of one device, because they share the link.
 *
 * A piece takes a few seconds at most, so that the pause between pieces is small, progress is visible, and a
 * request ends before a proxy ends it. On a fast link a piece is a whole parcel. The simultaneous parcels
 * fill the round trip of an answer (bandwidth-delay product).
 */
import type { Diagnosis } from '../queue/queued-study.ts';
import { createLinkMeter, WINDOW_MS, type LinkMeter } from './link-meter.ts';
import { createProxyEvidence, type Death, type ProxyEvidence } from './proxy-evidence.ts';

export interface Pace {
  /** The size of the next piece of a parcel with `left` bytes to send. Leaves no tiny last piece. */
  pieceBytes(left: number): number;
  parcelsAtOnce(): number;
  /** Bytes per second of all parcels together; null while it would be a guess. */
  bytesPerSecond(): number | null;
  /** A request begins; the caller calls one of the two functions when it ends. */
  begin(): Ended;
  /** 413 from a proxy. */
  tooLarge(bytes: number): void;
  /** True: something else answered in the gateway's place. False: the gateway did. */
  foreign(isForeign: boolean): void;
  diagnosis(): Diagnosis | null;
}

export interface Ended {
  /** The body was answered, and this many bytes of it were accepted. */
  answered(bytes: number): void;
  /**
   * There was no answer. The caller calls the returned function once the gateway has said how much it kept;
   * null if that is unknown.
   */
  died(death: Pick<Death, 'bytes' | 'left'>): (kept: number | null) => void;
}

interface PaceTools {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /**
   * The capacity of the link: the rate of all requests together, or of the fastest recent piece, because a
   * busy gateway answers late even on the fastest link.
   */
  onRate(bytesPerSecond: number): void;
  onDiagnosis(diagnosis: Diagnosis | null): void;
}

/**
 * A tablet can spare 16 MiB of memory for each parcel under way, which is a whole parcel; below 64 KiB the
 * headers outweigh the bytes.
 */
const PIECE_BYTES = { first: 2 * 1024 * 1024, least: 64 * 1024, most: 16 * 1024 * 1024 } as const;
/**
 * A piece of 4 s shows progress on the slowest link and keeps the pause between pieces small on the fastest.
 */
const PIECE_AIM_MS = 4_000;
/** A last piece may be this much larger than usual: one of 100 bytes would cost a round trip. */
const REST_RATIO = 1.25;
/**
 * One parcel sending while another waits for its answer keeps most links full; each further one costs a piece
 * of memory.
 */
const PARCELS = { least: 2, most: 6 } as const;
/** On a link of 16 kB/s a second parcel only delays the first. */
const LONELY_BYTES_PER_SECOND = 16 * 1024;
/**
 * A piece of this size measures the capacity of the link, however soon it arrived; a smaller one measures the
 * round trip.
 */
const TELLING_BYTES = 256 * 1024;
/** The rate is reported when it has changed by this factor. */
const TELL_RATIO = 1.2;
/** A round trip, until one was measured. */
const ROUND_TRIP_MS = 150;

type FastPiece = { readonly at: number; readonly rate: number };

/** The measurements of the link so far. */
interface Learned {
  readonly tools: PaceTools;
  readonly evidence: ProxyEvidence;
  readonly meter: LinkMeter;
  /** Bytes of a piece, before the limits. */
  size: number;
  shortestMs: number;
  /**
   * Bytes of the last answered request: small parcels are answered so soon that more of them fit into the
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
  // A short remainder of a parcel says little.
  if (bytes < size / 2) return;
  const fitting = (bytes / Math.max(1, ms)) * Math.min(PIECE_AIM_MS, evidence.msLimit);
  // At most doubled or halved at a time: one lucky or unlucky piece decides nothing.
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
  // If bytes reach the gateway as they are sent, a large piece loses nothing by its size.
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
