/** The words of notifications: they may be read on a locked screen. */
import { instances } from '../kit/counted.ts';
import { kitWords } from '../kit/kit-words.ts';
import { titleWords } from '../pipeline/queue/title-words.ts';
import { trackWords } from '../pipeline/queue/track-words.ts';
import type { StudyNews } from './study-news.ts';

export interface Notified {
  readonly title: string;
  readonly body: string;
}

export function notificationOf(news: StudyNews): Notified {
  const name = titleWords.erasedName(news.modalities);
  return news.what === 'arrived'
    ? {
        title: `${name} is in the PACS`,
        body: `${news.instances === 1 ? 'Its instance has' : `All ${instances(news.instances)} have`} arrived. Its receipt is ready.`,
      }
    : {
        title: `${name} needs you`,
        body: `${trackWords.needsDecision(news.needsYou)}. Open ${kitWords.product} to decide.`,
      };
}
