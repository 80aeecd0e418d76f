/** Says how many instances of a study, or files chosen with it, are not sent, and names the study. Pure. */
import { formatMoment } from '../kit/format.ts';
import { unreadLines } from '../kit/left-out-words.ts';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { nameOf } from '../pipeline/queue/study-title.ts';
import { titleWords } from '../pipeline/queue/title-words.ts';
import { damagedOf } from '../pipeline/upload/not-sent.ts';
import { discWords } from './disc-words.ts';

/** Where the patient is no longer known, the study is named by the time at which it was queued. */
export function sayLeftOut(study: QueuedStudy, now: Date): string {
  const damaged = damagedOf(study);
  const isKnown = study.title !== null || study.label !== null;
  const queuedAt = formatMoment(new Date(study.queuedAt), now);
  const name = isKnown ? nameOf(study) : titleWords.nameByTime(nameOf(study), queuedAt);
  if (study.state === 'taken-back') return discWords.cancelled(study.track.leftOut, name);
  const [unread] = unreadLines(study.leftUnread);
  if (unread !== undefined && study.track.leftOut === 0) return discWords.unreadOf(name, unread);
  return [discWords.ofStudy(study.track.leftOut - damaged, damaged, name), ...(unread ? [unread] : [])].join(
    '. ',
  );
}
