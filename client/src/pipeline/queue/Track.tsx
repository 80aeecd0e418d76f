/**
 * The track: a row of places, each with its count. The legs between them fill with the share of instances that have
 * passed. Every page that shows a track uses this component. It is not a live region: Announcer.tsx speaks.
 */
import { formatCount, formatRate } from '../../kit/format.ts';
import { Icon, type IconName } from '../../kit/Icon.tsx';
import { hasArrived, isExtra, isNoneInPacs, placesOf, type Place, type TrackState } from './track-state.ts';
import { kitWords } from '../../kit/kit-words.ts';
import { queueWords } from './queue-words.ts';
import { sayWaiting, trackWords } from './track-words.ts';

const SIGN: Record<Place, IconName> = {
  device: 'device',
  way: 'way',
  gateway: 'gateway',
  pacs: 'pacs',
  'left-out': 'caution',
  'needs-you': 'decide',
};

type TrackProps = {
  readonly track: TrackState;
  /** `large`: on the page of one study; `normal`: in a list. */
  readonly size?: 'normal' | 'large';
  /** Names for the places where the study is not on this device. */
  readonly places?: Readonly<Record<Place, string>>;
  /** False for a viewer who cannot decide: the fifth place then waits for somebody else, and is not red. */
  readonly asks?: boolean;
};

export function Track({ track, size = 'normal', places = queueWords.places, asks = true }: TrackProps) {
  const shown = placesOf(track, asks);
  return (
    <ol
      class={`track track-${size}`}
      data-extra={shown.filter(({ place }) => isExtra(place)).length}
      aria-label={trackWords.label}
    >
      {shown.map(({ place, count, look, passed }) => (
        <li key={place} class="place" data-look={look} data-place={place}>
          <span class="place-line">
            <span class="place-sign">
              <Icon
                name={look === 'waiting' && place !== 'left-out' ? 'wait' : SIGN[place]}
                size={size === 'large' ? 24 : 20}
                turns={place === 'way'}
              />
            </span>
            {place !== 'pacs' && !isExtra(place) && (
              <span class="leg" aria-hidden="true">
                <span class="leg-fill" style={{ inlineSize: `${passed * 100}%` }} />
              </span>
            )}
          </span>
          <span class="place-count numbers">
            {formatCount(count)}
            {place === 'pacs' && <span class="place-of"> {trackWords.of(track.total)}</span>}
          </span>
          <span class="place-word">
            {place === 'device' && track.isBeingRead ? queueWords.beingRead : places[place]}
          </span>
        </li>
      ))}
    </ol>
  );
}

type PaceProps = {
  readonly track: TrackState;
  /** Smoothed by the store; 0 when nothing moves. */
  readonly bytesPerSecond: number;
  /** null while it would be a guess. */
  readonly secondsLeft: number | null;
  /** Nothing moves although nothing has failed yet. */
  readonly stalled: boolean;
};

function whyItStands(track: TrackState): string {
  if (!track.waitingFor) return trackWords.stalled;
  return hasArrived(track) && !isNoneInPacs(track)
    ? trackWords.receiptWaits
    : sayWaiting(track.waitingFor, track);
}

/** The line below the track: why nothing moves, or the speed and the time left. Empty when there is nothing to say. */
export function Pace({ track, bytesPerSecond, secondsLeft, stalled }: PaceProps) {
  if (track.waitingFor || stalled) {
    return (
      <p class="pace pace-wait small">
        <Icon name="wait" size={16} />
        <span>{whyItStands(track)}</span>
      </p>
    );
  }
  const parts = [
    bytesPerSecond > 0 ? formatRate(bytesPerSecond) : null,
    secondsLeft === null ? null : trackWords.timeLeft(secondsLeft),
  ];
  const said = parts.filter((part) => part !== null).join(kitWords.separator);
  return said ? <p class="pace small quiet numbers">{said}</p> : null;
}
