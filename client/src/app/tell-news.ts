/** Tells the person about their studies while they look at something else. */
import { effect, type ReadonlySignal } from '@preact/signals';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { showNews } from './show-news.ts';
import { createNewsSince } from './study-news.ts';

export interface TellNewsTools {
  readonly workers: ServiceWorkerContainer | undefined;
  /** The signed-in account's studies. */
  readonly studies: ReadonlySignal<readonly QueuedStudy[]>;
  readonly isHidden: () => boolean;
}

/** While the page is in sight it says all of this itself (Announcer.tsx). */
export function tellNews({ workers, studies, isHidden }: TellNewsTools): void {
  if (!workers) return;
  const since = createNewsSince();
  effect(() => {
    const news = since(
      studies.value.map(({ id, about, instances, track, state }) => ({
        id,
        modalities: about.modalities,
        instances,
        track,
        state,
      })),
    );
    if (news.length > 0 && isHidden()) void workers.ready.then((ready) => showNews(news, ready));
  });
}
