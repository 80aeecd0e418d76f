/** The cells that say where a study is (the most urgent place on its track, in a word) and since when. Pure. */
import { causesOf } from '#shared/protocol/withheld.ts';
import { cancelledOf } from '../pipeline/queue/cancelled-what.ts';
import { endingWords } from '../pipeline/queue/ending-words.ts';
import { hasArrived, isNoneInPacs } from '../pipeline/queue/track-state.ts';
import { unreadLines } from '../kit/left-out-words.ts';
import { formatMoment } from '../kit/format.ts';
import type { IconName } from '../kit/Icon.tsx';
import { titleWords } from '../pipeline/queue/title-words.ts';
import { isWatched, type DayEntry } from './day-entry.ts';
import { isAllInPacs } from './join-sends.ts';
import { studiesWords } from './studies-words.ts';
import { withheldNow } from './withheld-now.ts';

interface Where {
  readonly look: 'stop' | 'wait' | 'good' | 'moving' | 'over';
  readonly icon: IconName;
  readonly said: string;
}

/**
 * The time in the row and what it refers to: queueing, until the gateway has begun to receive the study. For an arrived
 * study, the words "sending began" are left out.
 */
export function timeOf({ at, sentAt, part }: Pick<DayEntry, 'at' | 'sentAt' | 'part'>, now: Date): string {
  const when = formatMoment(new Date(at), now);
  if (sentAt === null) return titleWords.queuedWhen(when);
  return part === 'arrived' ? studiesWords.sentWhen(when) : titleWords.sentWhen(when);
}

export function whereOf(entry: DayEntry): Where {
  const { track, study, part, place } = entry;
  const said = studiesWords.where;
  const isOver = hasArrived(track);
  const { inPacs, total } = entry.whole ?? track;
  const partly = said.partlyInPacs(inPacs, total);
  if (track.needsYou > 0 && isWatched(entry)) return { look: 'wait', icon: 'wait', said: said.needsSender };
  if (track.needsYou > 0) return { look: 'stop', icon: 'decide', said: said.needsYou(track.needsYou) };
  if (study?.cancelling) return { look: 'wait', icon: 'close', said: endingWords.cancelled.asked };
  if (part === 'taken-back')
    return {
      look: 'over',
      icon: 'close',
      said: study ? cancelledOf(study) : endingWords.cancelled.midway(track.inPacs, track.total, null),
    };
  if (study && study.film.length > 0 && study.isWaiting)
    return { look: 'wait', icon: 'caution', said: said.film };
  // Somebody decided that it need not be there, but the place where it is missing stays visible.
  if (isOver && track.inPacs > 0 && entry.givenUpAt.length > 0)
    return { look: 'over', icon: 'note', said: said.notIn(entry.givenUpAt) };
  if (isOver && track.inPacs > 0)
    return isAllInPacs(entry)
      ? { look: 'good', icon: 'pacs', said: said.inPacs }
      : // Nothing waits, but part of it is missing, so there is no tick.
        { look: 'over', icon: 'note', said: partly };
  if (part === 'left-out' || (isOver && isNoneInPacs(track)))
    return { look: 'over', icon: 'note', said: inPacs > 0 ? partly : noneSaid(entry) };
  if (study?.packing) return { look: 'moving', icon: 'device', said: said.reading };
  if (study?.paused && study.isWaiting) return { look: 'over', icon: 'wait', said: said.paused };
  if (track.waitingFor) return { look: 'wait', icon: 'wait', said: said.waiting };
  if (track.inPacs > 0) return { look: 'moving', icon: 'gateway', said: partly };
  // Only if everything under way is at the gateway; otherwise the row says that it is on its way.
  if (track.atGateway > 0 && track.onItsWay + track.onDevice === 0)
    return { look: 'moving', icon: 'gateway', said: said.gateway };
  if (track.atGateway + track.onItsWay > 0) return { look: 'moving', icon: 'way', said: said.way };
  if (place === 'here') return { look: 'moving', icon: 'device', said: said.device };
  return { look: 'moving', icon: 'device', said: said.notYet };
}

/** A further destination lacks it, but the first one may have it. */
function noneSaid({ study, sent }: DayEntry): string {
  const { leftOut, firstOnly, noneInPacs } = studiesWords.where;
  if (study) return leftOut;
  return sent?.uploads.some(({ counts }) => counts.firstOnly !== undefined) ? firstOnly : noneInPacs;
}

/** Files that a person left out unread when choosing the study, and instances that are not in the PACS. */
export function withheldOf(entry: DayEntry): readonly string[] {
  return [...unreadLines(entry.study?.leftUnread), ...causesIn(entry)];
}

/**
 * For a finished study: why instances that nobody promised are not in the PACS. For a study that waits for its sender
 * elsewhere: all causes except the waiting, which its place shows.
 */
function causesIn({ part, study, sent }: DayEntry): readonly string[] {
  const waits = part === 'needs-you' && study === null;
  const isOver = part === 'arrived' || part === 'left-out' || (part === 'taken-back' && study === null);
  if (!isOver && !waits) return [];
  return causesOf(study?.withheld ?? (sent === null ? {} : withheldNow(sent)))
    .filter(([cause]) => !waits || cause !== 'held')
    .map(([cause, count]) => studiesWords.withheld[cause](count));
}
