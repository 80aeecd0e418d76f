/**
 * Converts a queued study into the track that every screen draws, and assigns studies to the parts of the list. Pure.
 */
import type { UploadState } from '#shared/protocol/upload-state.ts';
import { isNoneInPacs, type TrackState } from './track-state.ts';
import { isPacsAway, type LinkNow } from '../../net/link.ts';
import type { QueuedStudy } from './queued-study.ts';

/**
 * Why the connection holds up a study whose row does not say so: the uploader waits with the first study and has not
 * reached the others.
 */
function heldUpBy(link: LinkNow, { state, track }: QueuedStudy): TrackState['waitingFor'] {
  // If only retrieval from the PACS fails, studies are sent as always.
  const isOpen = link === 'unknown' || link === 'online' || link === 'pacs-no-retrieval';
  if (isOpen || partOfState(state) !== 'under-way' || state === 'reading') return null;
  if (isPacsAway(link)) return track.atGateway > 0 ? link : null;
  // The gateway cannot confirm anything that a PACS without search stores.
  if (link === 'pacs-no-search') return track.atGateway > 0 ? 'pacs-settings-wrong' : null;
  return track.safe + track.onTheWay > 0 ? link : null;
}

/** Without a network no gateway can be reached, so the nearer reason is shown, the same for all studies. */
function nearest(waiting: TrackState['waitingFor'], link: LinkNow): TrackState['waitingFor'] {
  return waiting === 'gateway-unreachable' && link === 'offline' ? link : waiting;
}

/**
 * `interrupted` is not shown as waiting: a person must choose the study again, so the row says it next to the track.
 */
export function trackOf(study: QueuedStudy, link: LinkNow): TrackState {
  return {
    total: study.instances,
    onDevice: study.track.unsafe + study.track.safe,
    isBeingRead: study.packing && study.track.unsafe + study.track.safe > 0,
    onItsWay: study.track.onTheWay,
    atGateway: study.track.atGateway,
    inPacs: study.track.inPacs,
    needsYou: study.track.needsYou,
    leftOut: study.track.leftOut,
    waitingFor:
      study.waiting === 'interrupted' || (study.paused && study.isWaiting)
        ? null
        : nearest(study.waiting ?? heldUpBy(link, study), link),
    waitsFor: study.waitsFor,
  };
}

/**
 * The parts of the queue. Studies that need a person come first. Those that have arrived come last, because there may
 * be many.
 */
export const QUEUE_PARTS = ['needs-you', 'under-way', 'taken-back', 'left-out', 'arrived'] as const;
export type QueuePart = (typeof QUEUE_PARTS)[number];

export function partOf({
  needs,
  state,
  track,
  cancelling,
}: Pick<QueuedStudy, 'needs' | 'state' | 'track' | 'cancelling'>): QueuePart {
  if (needs.length > 0) return 'needs-you';
  if (cancelling) return 'taken-back';
  const part = partOfState(state);
  // The study is finished, and a person left out all of it.
  return part === 'arrived' && isNoneInPacs(track) ? 'left-out' : part;
}

function partOfState(state: UploadState): QueuePart {
  switch (state) {
    // A decision was made or a retry started, and the gateway's next receipt ends this state.
    case 'attention':
    case 'failed':
    case 'reading':
    case 'safe':
    case 'uploading':
    case 'at-gateway':
      return 'under-way';
    case 'in-pacs':
    case 'done':
      return 'arrived';
    case 'taken-back':
      return 'taken-back';
    default:
      return state satisfies never;
  }
}

/** A person's order overrides the model's, so the model's note is hidden for ranked studies. */
export function goesFirst({ isWaiting, score, ranked }: QueuedStudy): boolean {
  return isWaiting && score !== null && !ranked;
}
