/**
 * The track as plain values: where the instances of one study are. There are four places, a fifth for instances that
 * were left out and a sixth for those that need a person; together they add up to all instances. Every screen draws
 * the track from these values, with Track.tsx.
 */

export const PLACES = ['device', 'way', 'gateway', 'pacs', 'left-out', 'needs-you'] as const;
export type Place = (typeof PLACES)[number];

/** Why nothing moves although nothing has failed. */
export type WaitingFor =
  | 'offline'
  | 'gateway-unreachable'
  | 'metered'
  | 'signed-out'
  | 'pacs-unreachable'
  | 'pacs-refuses-sign-in'
  | 'pacs-settings-wrong'
  | 'storage-full'
  | 'quota-exceeded'
  | 'gateway-failed'
  | 'behind-another'
  | 'pacs-fails-on-some'
  | 'pacs-refuses-size'
  | 'required-destination'
  | 'primary-unreachable';

export type TrackState = {
  readonly total: number;
  readonly onDevice: number;
  /** Whether some instances on the device are not safe yet: the page must stay open. */
  readonly isBeingRead?: boolean;
  readonly onItsWay: number;
  readonly atGateway: number;
  readonly inPacs: number;
  /** Instances that stay where they are until a person decides: shown in red, with a button. */
  readonly needsYou: number;
  readonly leftOut: number;
  readonly waitingFor: WaitingFor | null;
  /** Names of the required destinations that the study waits for, if the gateway named them. */
  readonly waitsFor?: readonly string[] | undefined;
};

/** The place at which a study waits, for each reason. */
const STANDS_AT: Record<WaitingFor, Place> = {
  offline: 'way',
  'gateway-unreachable': 'way',
  metered: 'way',
  'signed-out': 'way',
  'storage-full': 'way',
  'quota-exceeded': 'way',
  'pacs-unreachable': 'gateway',
  'pacs-refuses-sign-in': 'gateway',
  'pacs-settings-wrong': 'gateway',
  'gateway-failed': 'gateway',
  'behind-another': 'gateway',
  'pacs-fails-on-some': 'gateway',
  'pacs-refuses-size': 'gateway',
  'required-destination': 'gateway',
  'primary-unreachable': 'gateway',
};

type TrackPlace = {
  readonly place: Place;
  readonly count: number;
  readonly look: 'empty' | 'holding' | 'waiting' | 'confirmed' | 'needs-you';
  /** How far the leg to the next place is filled, 0 to 1: the share of all instances that have passed it. */
  readonly passed: number;
};

/** Whether a place lies outside the way into the PACS. */
export const isExtra = (place: Place): boolean => place === 'left-out' || place === 'needs-you';

/**
 * The places in order, with the look of each. The fifth and the sixth appear only if something was left out or needs
 * a person. Green (`confirmed`): the PACS confirmed it. Amber: it waits or was left out. Red: it needs the person who
 * is looking (`asks`).
 */
export function placesOf(track: TrackState, asks = true): readonly TrackPlace[] {
  const counts: Record<Place, number> = {
    device: track.onDevice,
    way: track.onItsWay,
    gateway: track.atGateway,
    pacs: track.inPacs,
    'left-out': track.leftOut,
    'needs-you': track.needsYou,
  };
  // A study that has arrived does not wait anywhere on the track, even if its receipt is missing.
  const waitsAt = track.waitingFor && !hasArrived(track) ? STANDS_AT[track.waitingFor] : null;
  return PLACES.filter((place) => !isExtra(place) || counts[place] > 0).map((place) => ({
    place,
    count: counts[place],
    look: waitsAt === place || (place === 'needs-you' && !asks) ? 'waiting' : lookOf(place, counts[place]),
    passed: passedOf(place, track),
  }));
}

/**
 * Instances that need a person, or were left out, are not counted on the first two legs and never pass the last. The
 * last leg is full when the PACS has every instance.
 */
function passedOf(place: Place, track: TrackState): number {
  const { total, onItsWay, atGateway, inPacs, needsYou, leftOut } = track;
  const travelling = total - needsYou - leftOut;
  switch (place) {
    case 'device':
      return shareOf(onItsWay + atGateway + inPacs, travelling);
    case 'way':
      return shareOf(atGateway + inPacs, travelling);
    case 'gateway':
      return shareOf(inPacs, total);
    case 'pacs':
    case 'left-out':
    case 'needs-you':
      return 0;
    default:
      return place satisfies never;
  }
}

function shareOf(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.min(1, part / whole);
}

function lookOf(place: Place, count: number): TrackPlace['look'] {
  if (place === 'needs-you') return 'needs-you';
  if (place === 'left-out') return 'waiting';
  if (count === 0) return 'empty';
  return place === 'pacs' ? 'confirmed' : 'holding';
}

/** True if everything was left out: however far the study got, it must not be called arrived. */
export function isNoneInPacs({ inPacs, leftOut }: Pick<TrackState, 'inPacs' | 'leftOut'>): boolean {
  return inPacs === 0 && leftOut > 0;
}

/** True if nothing more happens automatically: everything is in the PACS or left out. */
export function hasArrived(track: TrackState): boolean {
  return track.total > 0 && track.needsYou === 0 && track.inPacs + track.leftOut === track.total;
}

/**
 * The milestones for a screen reader: each quarter of the way into the PACS, the end, and each new reason to wait or
 * decide. Tracks with the same milestone are announced once.
 */
export function milestoneOf(track: TrackState): string {
  const quarter = track.total === 0 ? 0 : Math.floor((track.inPacs / track.total) * 4);
  return [quarter, hasArrived(track), track.waitingFor ?? '', track.needsYou].join(' ');
}
