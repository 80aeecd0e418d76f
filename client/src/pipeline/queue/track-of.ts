/** Converts a queued study into the track that every screen draws. Pure. */
import type { UploadState } from '#shared/protocol/upload-state.ts';
import type { TrackState } from './track-state.ts';
import type { Link } from '../../net/link.ts';
import type { QueuedStudy, ReasonCount } from './queued-study.ts';

function sumOf(counts: readonly ReasonCount[]): number {
  return counts.reduce((sum, count) => sum + count.instances, 0);
}

/**
 * The studies held up by the link without saying so themselves: the uploader waits with the first one and has
 * not reached the others.
 */
function heldUpBy(link: Link, { state, track }: QueuedStudy): TrackState['waitingFor'] {
  if (link === 'online' || partOfState(state) !== 'under-way' || state === 'reading') return null;
  if (link === 'pacs-unreachable' || link === 'pacs-no-search')
    return track.atGateway > 0 ? 'pacs-unreachable' : null;
  return track.safe + track.onTheWay > 0 ? link : null;
}

/** Without a network no gateway can be reached: name the nearer reason, the same for all studies. */
function nearest(waiting: TrackState['waitingFor'], link: Link): TrackState['waitingFor'] {
  return waiting === 'gateway-unreachable' && link === 'offline' ? link : waiting;
}

/**
 * `interrupted` is not a kind of waiting: a person must choose the study again, so the row says it next to
 * the track.
 */
export function trackOf(study: QueuedStudy, link: Link): TrackState {
  return {
    total: study.instances,
    onDevice: study.track.safe,
    onItsWay: study.track.onTheWay,
    atGateway: study.track.atGateway,
    inPacs: study.track.inPacs,
    // Only while a person can still decide; in a finished study the receipt lists them.
    needsDecision: study.state === 'attention' ? sumOf(study.refused) + sumOf(study.quarantined) : 0,
    leftOut: study.leftOut,
    waitingFor:
      study.waiting === 'interrupted' || (study.paused && study.isWaiting)
        ? null
        : nearest(study.waiting ?? heldUpBy(link, study), link),
  };
}

/** The parts of the queue: studies that need a person come first, those that have arrived last. */
export const QUEUE_PARTS = ['needs-you', 'under-way', 'arrived', 'taken-back'] as const;
export type QueuePart = (typeof QUEUE_PARTS)[number];

export function partOf(study: QueuedStudy): QueuePart {
  return study.waiting === 'interrupted' || study.trouble !== null ? 'needs-you' : partOfState(study.state);
}

function partOfState(state: UploadState): QueuePart {
  switch (state) {
    case 'attention':
    case 'failed':
      return 'needs-you';
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

/**
 * The studies in screen order: by part; those under way in the given order, which is the sending order; those
 * that arrived, newest first.
 */
export function inQueueOrder(
  studies: readonly QueuedStudy[],
): readonly { readonly part: QueuePart; readonly studies: readonly QueuedStudy[] }[] {
  const parts = new Map<QueuePart, QueuedStudy[]>(QUEUE_PARTS.map((part) => [part, []]));
  for (const study of studies) parts.get(partOf(study))!.push(study);
  const newestFirst = (a: QueuedStudy, b: QueuedStudy) =>
    (b.completedAt ?? b.queuedAt) - (a.completedAt ?? a.queuedAt);
  parts.get('arrived')!.sort(newestFirst);
  parts.get('taken-back')!.sort(newestFirst);
  return QUEUE_PARTS.map((part) => ({ part, studies: parts.get(part)! })).filter(
    (group) => group.studies.length > 0,
  );
}
