/**
 * On a new system that cannot work with its PACS, the first step is to add or repair a destination. An administrator
 * who has just arrived is taken to that page, unless they have already done something: opened a page or a sheet, typed,
 * or chosen files.
 */
import { needyOf, type DestinationList } from './needy-destinations.ts';

/** `hash`: empty if no page was requested. `isFree`: the person has done nothing yet. */
export function isLedToDestinations(
  { hash, isFree }: { readonly hash: string; readonly isFree: boolean },
  { destinations, link }: Pick<DestinationList, 'destinations' | 'link'>,
): boolean {
  const all = destinations.peek() ?? [];
  const isNew = all.every(({ hasStudies }) => !hasStudies);
  return isFree && isNew && needyOf(all, link.peek()).length > 0 && hash.length <= 1;
}

/** Assistive technology may click without a pointer or a key. */
const TOUCHES = ['pointerdown', 'keydown', 'click', 'input', 'dragenter', 'hashchange'] as const;

/**
 * Returns whether nobody has done anything on the page yet. The focus reveals earlier actions, because an opened page
 * and every pressed control take it.
 */
export function watchTouches(page: Window, until: AbortSignal): () => boolean {
  let isUntouched = page.document.activeElement === page.document.body;
  const onTouch = () => {
    isUntouched = false;
  };
  for (const touch of TOUCHES)
    page.addEventListener(touch, onTouch, { signal: until, capture: true, passive: true });
  return () => isUntouched;
}
