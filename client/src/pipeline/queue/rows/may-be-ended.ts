/** Whether a person may still end a queued study: what its row offers, and what the decision checks again. */
import { nextUploadState } from '#shared/protocol/upload-state.ts';
import { hasPartHere } from '../count-study.ts';
import type { StudyRow } from './local-database.ts';

/** A part of it has left, but not all of it is at the gateway, and nobody has cancelled it yet. */
export function canCancel(study: StudyRow): boolean {
  return !study.cancelling && mayBeCancelled(study) && hasPartHere(study);
}

/** The rest may have arrived while the question was open: it is left out there, as far as it is not in the PACS. */
export function mayBeCancelled({ state, sending, waiting, cancelling }: StudyRow): boolean {
  const isOnItsWay =
    state === 'safe' || state === 'uploading' || (state === 'at-gateway' && cancelling === true);
  return sending && waiting !== 'interrupted' && isOnItsWay;
}

export function canTakeBack({ state, sending }: StudyRow): boolean {
  return !sending && nextUploadState(state, 'taken-back') === 'taken-back';
}
