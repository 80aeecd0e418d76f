/** Notifies the person about their studies while the page is hidden. */
import { effect, type ReadonlySignal } from '@preact/signals';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import type { StudyNews } from '../pipeline/queue/rows/take-news.ts';
import { showNews } from './show-news.ts';

interface TellNewsTools {
  readonly workers: ServiceWorkerContainer | undefined;
  /** The studies of the queue; changes with it. */
  readonly studies: ReadonlySignal<readonly QueuedStudy[]>;
  readonly isHidden: () => boolean;
  /** The news that nobody has taken yet. */
  readonly takeNews: () => Promise<readonly StudyNews[]>;
}

/** While the page is visible it says all of this itself (Announcer.tsx), so the news is taken but not shown. */
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
