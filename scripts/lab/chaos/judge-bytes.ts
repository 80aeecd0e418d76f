/**
 * Judges the bytes sent again, by cause, against the promised bounds. A cut of the link may cost 1 % of the
 * study; any other fault costs the bytes that a killed process held, or those on their way to a gateway that
 * could not take them, and has its own bound.
 */
import type { State } from './state.ts';

export type Cause =
  | 'cut of the link'
  | 'killed gateway'
  | 'killed page, worker or command line'
  | 'full disk'
  | 'other';

/**
 * 1 % of a study of 500 MB over 100 cuts: the same share of all bytes, and in a short run a fixed amount for
 * each cut. Few cuts are not judged by it: one that falls while a process waits for its turn costs what the
 * buffers before that process hold.
 */
const RESENT_BY_LINK_RATIO = 0.01;
const RESENT_PER_CUT_BYTES = 50_000;
const CUTS_FOR_A_SHARE = 20;
/**
 * Bytes sent again for all causes together, a fault: requests that are refused (no room, no database, a clock that
 * was set) with what the wire carries in half a second.
 */
const RESENT_PER_FAULT_BYTES = 1_000_000;
/** Fewer faults share the bound of so many: on a busy machine a single one costs more than the mean. */
const FAULTS_AT_LEAST = 5;
const LINK_FAULTS = ['link cut', 'link cut for a moment'];
/**
 * On a silent link every sender continues until its buffers are full; the link may be cut before it answers
 * again.
 */
const SILENT_LINK = 'link silent';

/** By the fate of the request that had carried them (shared/testing/upload-bytes.ts). */
const CAUSES: Readonly<Record<string, Cause>> = {
  'link cut': 'cut of the link',
  'gateway ended': 'killed gateway',
  'device ended': 'killed page, worker or command line',
  'answered 507': 'full disk',
};

export type JudgedBytes = {
  readonly faults: readonly string[];
  readonly figures: Readonly<Record<string, number>>;
  /** For a person. */
  readonly words: string;
};

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

export function byCause(again: Readonly<Record<string, number>>): Readonly<Record<Cause, number>> {
  const causes = {
    'cut of the link': 0,
    'killed gateway': 0,
    'killed page, worker or command line': 0,
    'full disk': 0,
    other: 0,
  };
  for (const [why, bytes] of Object.entries(again)) causes[CAUSES[why] ?? 'other'] += bytes;
  return causes;
}

/** `disturbing`: faults of all kinds. */
export function judgeBytes(
  { bytes, faults: times }: Pick<State, 'bytes' | 'faults'>,
  disturbing: number,
): JudgedBytes {
  const { up, inParcels, unique, ended, again } = bytes;
  const causes = byCause(again);
  const resent = inParcels - unique;
  const silences = times[SILENT_LINK] ?? 0;
  const cuts = ended + sum(LINK_FAULTS.map((name) => times[name] ?? 0));
  const faults: string[] = [];
  const byLink = causes['cut of the link'];
  const mayCost = Math.max(
    RESENT_BY_LINK_RATIO * unique,
    RESENT_PER_CUT_BYTES * cuts + RESENT_PER_FAULT_BYTES * silences,
  );
  if (cuts + silences >= CUTS_FOR_A_SHARE && byLink > mayCost)
    faults.push(`${byLink} bytes were sent again over ${cuts + silences} cuts of the link`);
  const disturbances = disturbing + ended;
  if (resent > RESENT_PER_FAULT_BYTES * Math.max(disturbances, FAULTS_AT_LEAST))
    faults.push(`${resent} bytes were sent again over ${disturbances} faults`);
  const share = (part: number): string => `${((100 * part) / Math.max(1, unique)).toFixed(2)} %`;
  const megabytes = (part: number): string => `${(part / 1e6).toFixed(1)} MB`;
  const others = Object.entries(again)
    .filter(([why]) => !(why in CAUSES))
    .map(([why, part]) => `${why} ${share(part)}`);
  return {
    faults,
    figures: {
      bytesUp: up,
      uniqueBytes: unique,
      resentBytes: resent,
      resentRatio: Math.round((1e4 * resent) / Math.max(1, unique)) / 1e4,
      linkCuts: cuts + silences,
      resentByLink: byLink,
      resentByGateway: causes['killed gateway'],
      resentByDevice: causes['killed page, worker or command line'],
      resentByFullDisk: causes['full disk'],
      resentByOther: causes.other,
    },
    words:
      `${megabytes(up)} went up, ${megabytes(unique)} of parcels once, ${share(resent)} of them again: ` +
      Object.entries(causes)
        .map(([cause, part]) => `${cause} ${share(part)}`)
        .join(', ') +
      (others.length > 0 ? ` (${others.join(', ')})` : ''),
  };
}
