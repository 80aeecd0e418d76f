/** Tells the person about their studies while they look at something else. */
import { effect, type ReadonlySignal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import type { StudyNews } from '../pipeline/queue/rows/take-news.ts';
import { showNews } from './show-news.ts';

interface TellNewsTools {
  readonly workers: ServiceWorkerContainer | undefined;
  /** Changes with the queue. */
  readonly studies: ReadonlySignal<readonly QueuedStudy[]>;
  readonly isHidden: () => boolean;
  /** The news that nobody has taken yet. */
  readonly takeNews: () => Promise<readonly StudyNews[]>;
}

/** While the page is in sight it says all of this itself (Announcer.tsx), so the news is only taken. */
export function tellNews({ workers, studies, isHidden, takeNews }: TellNewsTools): void {
  if (!workers) return;
  const tell = async (): Promise<void> => {
    const news = await takeNews();
    if (news.length > 0 && isHidden()) await showNews(news, await workers.ready);
  };
  effect(() => {
    if (studies.value.length > 0) void ignoreFailure(tell(), 'the list of studies says the same');
  });
}
