/** Decides when the page of a result takes no keys or presses. */
import { parseRoute } from '../../kit/routes.ts';

/** Another result was requested and is not drawn yet, so a press no longer means this one. */
export function isLeft(id: string): boolean {
  const route = parseRoute(location.hash);
  return route.page !== 'results' || route.id !== id;
}

/** Whether the buttons ignore presses because they were only just drawn (use-settling.ts). */
export const areSettling = () =>
  [...document.querySelectorAll('.verdict-buttons')].some(
    (buttons) => getComputedStyle(buttons).pointerEvents === 'none',
  );

/**
 * Focuses the button that belongs to a sheet opened by a single key, so that the sheet returns the focus there.
 * Otherwise it would return to whichever button had it, and the second press of a quick double Enter would press that
 * button.
 */
export const focusOpener = (sheet: 'keys' | 'correct') =>
  document.querySelector<HTMLElement>(`[data-opens=${sheet}]`)?.focus({ preventScroll: true });
