/** Shows news as notifications of the system, where the person has allowed them. */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { notificationOf } from './news-words.ts';
import type { StudyNews } from '../pipeline/queue/rows/take-news.ts';

const NOT_SHOWN = 'the list of studies says the same';

/** A later notification about a study replaces the earlier one, whichever tab shows it. */
export async function showNews(
  news: readonly StudyNews[],
  registration: Pick<ServiceWorkerRegistration, 'showNotification'>,
): Promise<void> {
  if (globalThis.Notification?.permission !== 'granted') return;
  for (const one of news) {
    const { title, body } = notificationOf(one);
    const shown = registration.showNotification(title, { body, tag: one.id, icon: '/icon-192.png' });
    await ignoreFailure(shown, NOT_SHOWN);
  }
}
