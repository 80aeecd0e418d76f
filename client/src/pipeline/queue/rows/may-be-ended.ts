/**
 * Whether a person may still end a queued study. The row uses it to offer the button, and the decision checks it
 * again.
 */
import { nextUploadState } from '#shared/protocol/upload-state.ts';
import { hasPartHere } from '../count-study.ts';
import type { StudyRow } from './local-database.ts';

/** True if a part of the study has left, not all of it is at the gateway, and nobody has cancelled it yet. */
export function canCancel(study: StudyRow): boolean {
  return !study.cancelling && mayBeCancelled(study) && hasPartHere(study);
}

/** Even if the rest arrived while the dialog was open, the gateway can leave it out as far as it is not in the PACS. */
export function mayBeCancelled(study: StudyRow): boolean {
  const { state, hasLeft, waiting, cancelling } = study;
  const isOnItsWay = cancelling ? !isOver(study) : state === 'safe' || state === 'uploading';
  return hasLeft === true && waiting !== 'interrupted' && isOnItsWay;
}

export function canTakeBack({ state, hasLeft }: StudyRow): boolean {
  return !hasLeft && nextUploadState(state, 'taken-back') === 'taken-back';
}

export function isOver({ state }: StudyRow): boolean {
  return state === 'done' || state === 'taken-back';
}
