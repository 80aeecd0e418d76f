/**
 * Opens the browser's chooser on the upload page, in the gesture of the person who wants to choose a study again, and
 * remembers with that page which study it is. A person who chooses nothing is back where the study is named.
 */
import { hrefOf } from '../../kit/routes.ts';

const WANTED = 'chooseAgain';
const INPUT = 'input[data-picks=files]';

/** `id`: of the study in the queue; null where this device no longer knows which one it is. */
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

/** The id of the study for which the upload page was opened; null: for none. */
export function wantedAgain(): string | null {
  const state: unknown = history.state;
  if (typeof state !== 'object' || state === null || !(WANTED in state)) return null;
  const id = state[WANTED];
  return typeof id === 'string' ? id : null;
}
