/**
 * The buttons of one study. Each is named after the method of the queue that it calls, and is listed only where that
 * method changes something. `chooseAgain` and `decide` lead to another page. Pure.
 */
import { PROBLEMS } from '#shared/protocol/problem-table.ts';
import type { Route } from '../../kit/routes.ts';
import type { QueuedStudy } from './queued-study.ts';

export type StudyButton =
  | 'chooseAgain'
  | 'decide'
  | 'retry'
  | 'tryNow'
  | 'pause'
  | 'resume'
  | 'takeBack'
  | 'cancel'
  | 'dismiss'
  | 'putBack';

/** The buttons in the study's row of the list, the main one first. */
export function rowButtons(study: QueuedStudy): readonly StudyButton[] {
  const { waiting, needs, removed } = study;
  if (waiting === 'interrupted') return ['chooseAgain', 'dismiss'];
  if (isStopped(study)) return stoppedButtons(study);
  if (needs.length > 0) return ['decide'];
  if (isOver(study)) return [removed ? 'putBack' : 'dismiss'];
  return sendingButtons(study);
}

/**
 * Decisions about held-back instances are made on the page of everything that needs a person, other decisions on the
 * study's own page.
 */
export function placeToDecide({ id, needs }: QueuedStudy): Extract<Route, { page: 'needs' | 'study' }> {
  return needs.some(({ cause }) => cause === 'held') ? { page: 'needs' } : { page: 'study', id };
}

/** The buttons of a stopped study: one to continue, one to end it. */
export function stoppedButtons(study: QueuedStudy): readonly StudyButton[] {
  const { state, canTakeBack, canCancel } = study;
  if (canTakeBack) return [wayOn(study), 'takeBack'];
  if (state === 'failed') return [wayOn(study), 'dismiss'];
  return canCancel ? [wayOn(study), 'cancel'] : [wayOn(study)];
}

/** The buttons of a study that is not completely sent. */
export function sendingButtons(study: QueuedStudy): readonly StudyButton[] {
  const { isWaiting, paused, canTakeBack, canCancel } = study;
  // A study that is completely at the gateway cannot be held up here.
  const isHere = canTakeBack || canCancel;
  const buttons: StudyButton[] = isWaiting && (paused || isHere) ? [paused ? 'resume' : 'pause'] : [];
  if (canTakeBack) buttons.push('takeBack');
  else if (canCancel) buttons.push('cancel');
  return buttons;
}

export type NotCancelled = {
  /**
   * The last place that all of `gone` have reached. `waiting`: they are at the gateway, and the PACS accepts nothing
   * now.
   */
  readonly place: 'gateway' | 'waiting' | 'pacs';
  /**
   * The number of instances that nobody can cancel here. Others of the study may still need a person, or were left
   * out.
   */
  readonly gone: number;
  readonly total: number;
};

const WAITS_FOR_PACS: ReadonlySet<QueuedStudy['waiting']> = new Set([
  'pacs-unreachable',
  'pacs-refuses-sign-in',
  'pacs-settings-wrong',
  'pacs-fails-on-some',
  'pacs-refuses-size',
]);

/** Says how much of a sent study can no longer be cancelled here. null: nothing, or the study is still being sent. */
export function whyNotCancelled(study: QueuedStudy): NotCancelled | null {
  const { state, track, instances, canTakeBack, canCancel, cancelling, waiting } = study;
  const hasArrived =
    state === 'uploading'
      ? !canTakeBack && !canCancel && !cancelling && waiting !== 'interrupted'
      : state === 'at-gateway' || state === 'attention' || state === 'in-pacs' || state === 'done';
  if (!hasArrived) return null;
  const gone = track.atGateway + track.inPacs;
  if (gone === 0) return null;
  const place =
    track.atGateway === 0
      ? 'pacs'
      : track.inPacs === 0 && WAITS_FOR_PACS.has(waiting)
        ? 'waiting'
        : 'gateway';
  return { place, gone, total: instances };
}

/** Whether a problem of the whole study needs a person. */
export function isStopped(study: QueuedStudy): boolean {
  return study.state === 'failed' || (study.trouble !== null && !isOver(study));
}

function isOver({ state }: QueuedStudy): boolean {
  return state === 'done' || state === 'taken-back';
}

/** Retries the study where that can help. Otherwise a person has to choose it again. */
function wayOn({ state, trouble, problem }: QueuedStudy): StudyButton {
  if (state === 'failed') return problem && mustChange(problem) ? 'chooseAgain' : 'retry';
  return trouble === 'copy-unreadable' ? 'chooseAgain' : 'tryNow';
}

/** `code` may come from a newer gateway and be unknown to this page. */
export function mustChange(code: string): boolean {
  const problems: Partial<Record<string, { readonly retry: string }>> = PROBLEMS;
  return problems[code]?.retry === 'changed';
}

export const TURNS = ['first', 'earlier', 'later'] as const;
export type Turn = (typeof TURNS)[number];

/** The ways in which a study may change its position among the waiting ones. `place`: counted from 0. */
export function turnsOf({ paused }: QueuedStudy, place: number, count: number): readonly Turn[] {
  if (count < 2) return [];
  const isPossible = { first: place > 0 || paused, earlier: place > 0, later: place < count - 1 };
  return TURNS.filter((turn) => isPossible[turn]);
}
