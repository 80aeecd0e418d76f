/** Whether a person may still end a queued study: what its row offers, and what the decision checks again. */
import { nextUploadState } from '#shared/protocol/upload-state.ts';
import { hasPartHere } from '../count-study.ts';
import type { StudyRow } from './local-database.ts';

/** A part of it has left, but not all of it is at the gateway, and nobody has cancelled it yet. */
export function canCancel(study: StudyRow): boolean {
  return !study.cancelling && mayBeCancelled(study) && hasPartHere(study);
}

/** The rest may have arrived while the question was open: it is left out there, as far as it is not in the PACS. */
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
