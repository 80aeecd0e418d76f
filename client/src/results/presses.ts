/** Keys and presses on the page of a result, and when it takes none. */
import { parseRoute } from '../kit/routes.ts';

/** Another result was asked for, and is not drawn yet: nobody means this one any more. */
export function isLeft(id: string): boolean {
  const route = parseRoute(location.hash);
  return route.page !== 'results' || route.id !== id;
}

/** Whether the buttons take no press yet, because what they ask has only just been drawn (use-settling.ts). */
export const areSettling = () =>
  [...document.querySelectorAll('.verdict-buttons')].some(
    (buttons) => getComputedStyle(buttons).pointerEvents === 'none',
  );

/**
 * The button of a sheet that a single key opens: the sheet returns the focus there, and not to the button that happened
 * to have it, which the second press of a quick double Enter would press.
 */
export const focusOpener = (sheet: 'keys' | 'correct') =>
  document.querySelector<HTMLElement>(`[data-opens=${sheet}]`)?.focus({ preventScroll: true });
