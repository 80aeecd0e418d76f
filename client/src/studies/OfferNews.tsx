/** Offers notifications once something is under way. A person who says "Not now" is not asked again on this device. */
import { useState } from 'preact/hooks';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { studiesWords } from './studies-words.ts';

const KEY = 'relaypacs-news';

export function OfferNews() {
  const queue = useQueue();
  const [isAsked, setAsked] = useState(() => mayAsk());
  if (!isAsked || !queue.studies.value.some(({ state }) => state !== 'done' && state !== 'taken-back'))
    return null;
  const { news } = studiesWords;
  const allow = () => void Notification.requestPermission().finally(() => setAsked(mayAsk()));
  const decline = () => {
    localStorage.setItem(KEY, 'declined');
    setAsked(false);
  };
  return (
    <div class="row row-apart small quiet">
      <p>{news.offer}</p>
      <p class="row">
        <button type="button" class="button" onClick={allow}>
          {news.allow}
        </button>
        <button type="button" class="button button-bare" onClick={decline}>
          {news.decline}
        </button>
      </p>
    </div>
  );
}

/** The browser supports notifications, and nobody has decided about them yet. */
function mayAsk(): boolean {
  return globalThis.Notification?.permission === 'default' && localStorage.getItem(KEY) === null;
}
