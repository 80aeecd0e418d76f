/** Says what became of a study that a person cancelled, according to the gateway's last report. */
import { formatMoment } from '../../kit/format.ts';
import { endingWords } from './ending-words.ts';
import type { QueuedStudy } from './queued-study.ts';

type Cancelled = Pick<
  QueuedStudy,
  | 'wasCancelled'
  | 'mayStillArrive'
  | 'toldSince'
  | 'track'
  | 'instances'
  | 'savedToStickAt'
  | 'completedAt'
  | 'queuedAt'
>;

const whenOf = ({ completedAt, queuedAt }: Cancelled): string =>
  formatMoment(new Date(completedAt ?? queuedAt), new Date());

export function cancelledWhat(study: Cancelled): string {
  const { wasCancelled, mayStillArrive, toldSince, track, instances, savedToStickAt } = study;
  const isOnStick = savedToStickAt !== null;
  if (toldSince && track.inPacs > 0 && (toldSince.isOther || !wasCancelled)) {
    const other = toldSince.isOther ? { isOnStick } : null;
    return endingWords.cancelledSince(whenOf(study), track.inPacs, instances, other);
  }
  if (wasCancelled) {
    const what = [endingWords.cancelledWhat(track.inPacs, instances, toldSince !== null)];
    if (mayStillArrive) what.push(endingWords.mayStillArrive);
    if (isOnStick) what.push(endingWords.stillOnStick);
    return what.join(' ');
  }
  return isOnStick ? `${endingWords.takenBackPlain} ${endingWords.stillOnStick}` : endingWords.takenBackWhat;
}

/** The outcome in a few words. Somebody may still send a study that was saved to a file for a USB stick. */
export function cancelledOf(study: Cancelled): string {
  const { midway, plain, unsent } = endingWords.cancelled;
  const { wasCancelled, toldSince, track, instances } = study;
  if (wasCancelled || track.inPacs > 0)
    return midway(track.inPacs, instances, toldSince ? null : whenOf(study));
  return study.savedToStickAt === null ? unsent : plain;
}
