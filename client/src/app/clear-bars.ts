/**
 * Tells the page's style how much of the window the sticky bars above and below cover, so that the browser scrolls
 * focused elements clear of them (`scroll-padding`, elements.css; WCAG 2.2 2.4.11). The bars grow with their text, and
 * the lower ones belong to some pages only.
 */

const ABOVE = '.header, .status';
const BELOW = '.send-bar, .selection, .undo-place';

/** `page`: the element that the app is drawn into. Its height changes when a bar comes or goes. */
export function clearBars(page: HTMLElement): void {
  const sizes = new ResizeObserver(() => measure());
  const heightsOf = (bars: string): readonly number[] =>
    [...page.querySelectorAll<HTMLElement>(bars)].map((bar) => {
      sizes.observe(bar);
      return getComputedStyle(bar).position === 'sticky' ? bar.offsetHeight : 0;
    });
  const { style } = document.documentElement;
  const measure = () => {
    // The upper bars are stacked; the lower bars cover each other.
    style.setProperty('--bars-above', `${heightsOf(ABOVE).reduce((sum, height) => sum + height, 0)}px`);
    style.setProperty('--bars-below', `${Math.max(0, ...heightsOf(BELOW))}px`);
  };
  sizes.observe(page);
}
