/**
 * The track as plain values: where the instances of one study are. Four places, plus the instances that need
 * a decision and those that a person left out; together they always add up to all instances. Every screen
 * draws the track from these values, with Track.tsx.
 */

export const PLACES = ['device', 'way', 'gateway', 'pacs'] as const;
export type Place = (typeof PLACES)[number];

/** Why nothing moves although nothing has failed. */
export type WaitingFor =
  | 'offline'
  | 'gateway-unreachable'
  | 'signed-out'
  | 'pacs-unreachable'
  | 'storage-full'
  | 'quota-exceeded'
  | 'gateway-failed'
  | 'behind-another';

export type TrackState = {
  readonly total: number;
  readonly onDevice: number;
  readonly onItsWay: number;
  readonly atGateway: number;
  readonly inPacs: number;
  /** Refused or quarantined: red, with a button. */
  readonly needsDecision: number;
  readonly leftOut: number;
  readonly waitingFor: WaitingFor | null;
};

/** The place that waits. */
const STANDS_AT: Record<WaitingFor, Place> = {
  offline: 'way',
  'gateway-unreachable': 'way',
  'signed-out': 'way',
  'storage-full': 'way',
  'quota-exceeded': 'way',
  'pacs-unreachable': 'gateway',
  'gateway-failed': 'gateway',
  'behind-another': 'gateway',
};

export type TrackPlace = {
  readonly place: Place;
  readonly count: number;
  readonly look: 'empty' | 'holding' | 'waiting' | 'confirmed';
  /** The fill of the leg to the next place, 0 to 1: the share of all instances that has passed it. */
  readonly passed: number;
};

/**
 * The four places in order, with the look of each. Green (`confirmed`) only where the PACS confirmed, amber
 * only where it waits.
 */
export function placesOf(track: TrackState): readonly TrackPlace[] {
  const counts = {
    device: track.onDevice,
    way: track.onItsWay,
    gateway: track.atGateway,
    pacs: track.inPacs,
  };
  // Instances that need a decision are at the gateway and never pass the last leg.
  const beyond = { device: track.onItsWay, way: 0, gateway: 0, pacs: 0 };
  beyond.gateway = track.inPacs;
  beyond.way = track.atGateway + beyond.gateway + track.needsDecision + track.leftOut;
  beyond.device += beyond.way;
  // A study that has arrived waits nowhere on the track, even if its receipt is missing.
  const waitsAt = track.waitingFor && !hasArrived(track) ? STANDS_AT[track.waitingFor] : null;
  return PLACES.map((place) => ({
    place,
    count: counts[place],
    look:
      waitsAt === place
        ? 'waiting'
        : counts[place] === 0
          ? 'empty'
          : place === 'pacs'
            ? 'confirmed'
            : 'holding',
    passed: track.total === 0 ? 0 : Math.min(1, beyond[place] / track.total),
  }));
}

/** True when nothing more happens automatically: everything is in the PACS or left out. */
export function hasArrived(track: TrackState): boolean {
  return track.total > 0 && track.inPacs + track.leftOut === track.total;
}

/**
 * The milestones announced to a screen reader: each quarter of the way into the PACS, the end, and each new
 * reason to wait or decide. Two tracks with the same milestone are announced once.
 */
export function milestoneOf(track: TrackState): string {
  const quarter = track.total === 0 ? 0 : Math.floor((track.inPacs / track.total) * 4);
  return [quarter, hasArrived(track), track.waitingFor ?? '', track.needsDecision > 0].join(' ');
}
