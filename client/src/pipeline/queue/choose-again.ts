/**
 * Opens the browser's file chooser on the upload page, within the click of the person who wants to choose a study
 * again. It stores in the history entry which study that is. If the person chooses nothing, they return to the page
 * that names the study.
 */
import { hrefOf } from '../../kit/routes.ts';

const WANTED = 'chooseAgain';
const INPUT = 'input[data-picks=files]';

/** `id`: the study's id in the queue. null: this device no longer knows which study it is. */
export function chooseAgain(id: string | null): void {
  const upload = hrefOf({ page: 'upload' });
  location.hash = upload;
  history.replaceState({ [WANTED]: id }, '');
  const drawn = new MutationObserver(open);
  drawn.observe(document.body, { childList: true, subtree: true });
  open();

  function open(): void {
    const input = document.querySelector<HTMLInputElement>(INPUT);
    if (input === null && location.hash === upload) return;
    drawn.disconnect();
    if (input !== null) openChooser(input);
  }
}

function openChooser(input: HTMLInputElement): void {
  const answered = new AbortController();
  const { signal } = answered;
  input.addEventListener('change', () => answered.abort(), { signal });
  input.addEventListener('cancel', () => history.back(), { signal, once: true });
  input.click();
}

/** The id of the study for which the upload page was opened; null if there is none. */
export function wantedAgain(): string | null {
  const state: unknown = history.state;
  if (typeof state !== 'object' || state === null || !(WANTED in state)) return null;
  const id = state[WANTED];
  return typeof id === 'string' ? id : null;
}
