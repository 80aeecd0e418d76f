/** The words of notifications. They may be read on a locked screen. */
import { kitWords } from '../kit/kit-words.ts';
import { unreadLines } from '../kit/left-out-words.ts';
import { titleWords } from '../pipeline/queue/title-words.ts';
import { trackWords } from '../pipeline/queue/track-words.ts';
import type { StudyNews } from '../pipeline/queue/rows/take-news.ts';

export interface Notified {
  readonly title: string;
  readonly body: string;
}

export function notificationOf(news: StudyNews): Notified {
  const { what, modalities, instances: chosen, track } = news;
  const name = titleWords.erasedName(modalities);
  if (what === 'needs-you')
    return {
      title: `${name}: your decision is needed`,
      body: `${trackWords.toDecide(track.needsYou)}. Open ${kitWords.product}.`,
    };
  const unread = unreadLines(news.leftUnread).map((line) => `${line}. `);
  const rest = `${unread.join('')}Its receipt is ready.`;
  return track.inPacs < chosen
    ? {
        title: `${name} is partly in the PACS`,
        body: `${trackWords.progress(track.inPacs, chosen)}. The others were left out. ${rest}`,
      }
    : { title: `${name} is in the PACS`, body: `${trackWords.arrived(chosen)}. ${rest}` };
}
